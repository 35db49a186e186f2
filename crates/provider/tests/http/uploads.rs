//! Large requests, and responses that don't wait for their end.

use http::Method;
use keyward_provider::http::SendError;
use tokio::io::AsyncReadExt;

use super::support::{Provider, both, client, post, send, text, within};

/// More than any socket buffer takes.
const LARGE: usize = 32 << 20;

#[tokio::test]
async fn a_large_body_is_sent_byte_for_byte_and_the_connection_serves_again() {
    let provider = Provider::start().await;
    let client = client();
    let body: Vec<u8> = (0..LARGE as u32).map(|n| (n % 241) as u8).collect();
    let response = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    let theirs = async {
        let mut peer = provider.accept().await;
        let received = peer.answer(response).await;
        (peer, received)
    };
    let ours = async {
        let sent = send(&client, &provider.endpoint, Method::POST, body.clone()).await;
        text(sent.unwrap()).await
    };
    let (answer, (mut peer, received)) = both(ours, theirs).await;
    assert_eq!(answer, "ok");
    assert!(received.body == body);

    let (again, _) = both(post(&client, &provider.endpoint), peer.answer(response)).await;
    assert_eq!(text(again.unwrap()).await, "ok");
}

#[tokio::test]
async fn an_answer_before_the_end_of_the_upload_is_read_and_ends_the_connection() {
    let provider = Provider::start().await;
    let client = client();
    let theirs = async {
        let mut peer = provider.accept().await;
        peer.head().await;
        peer.say("HTTP/1.1 413 Content Too Large\r\ncontent-length: 3\r\n\r\nbig").await;
        peer
    };
    let ours = async {
        let sent = send(&client, &provider.endpoint, Method::POST, vec![7; LARGE]).await;
        let response = sent.unwrap();
        assert_eq!(response.status, 413);
        text(response).await
    };
    let (answer, mut peer) = both(ours, theirs).await;
    assert_eq!(answer, "big");
    within(peer.closed()).await;
}

#[tokio::test]
async fn an_answer_is_read_even_when_the_peer_stops_reading_and_closes() {
    let provider = Provider::start().await;
    let client = client();
    let theirs = async {
        let mut peer = provider.accept().await;
        peer.head().await;
        peer.say("HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\n\r\nno").await;
        // Dropped with unread bytes: the kernel sends a reset.
    };
    let ours = async {
        let sent = send(&client, &provider.endpoint, Method::POST, vec![7; LARGE]).await;
        let response = sent.unwrap();
        assert_eq!(response.status, 401);
        text(response).await
    };
    let (answer, ()) = both(ours, theirs).await;
    assert_eq!(answer, "no");
}

#[tokio::test]
async fn the_upload_goes_on_after_an_interim_response_and_beside_a_streamed_one() {
    let provider = Provider::start().await;
    let client = client();
    let theirs = async {
        let mut peer = provider.accept().await;
        peer.head().await;
        peer.say("HTTP/1.1 100 Continue\r\n\r\n").await;
        peer.pause().await;
        peer.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
        let mut body = vec![0; LARGE];
        peer.stream.read_exact(&mut body).await.unwrap();
        peer.say("3\r\nall\r\n0\r\n\r\n").await;
        peer
    };
    let ours = async {
        let sent = send(&client, &provider.endpoint, Method::POST, vec![7; LARGE]).await;
        text(sent.unwrap()).await
    };
    let (answer, mut peer) = both(ours, theirs).await;
    assert_eq!(answer, "all");
    // Answered before it was asked: not to be trusted with another request.
    within(peer.closed()).await;
}

#[tokio::test]
async fn a_peer_that_breaks_off_the_upload_without_an_answer_is_unreachable() {
    let provider = Provider::start().await;
    let client = client();
    let theirs = async {
        let mut peer = provider.accept().await;
        peer.head().await;
        peer.reset();
    };
    let ours = send(&client, &provider.endpoint, Method::POST, vec![7; LARGE]);
    let (result, ()) = both(ours, theirs).await;
    let error = result.unwrap_err();
    assert!(matches!(error, SendError::Unreachable { .. }), "{error}");
    assert!(error.was_sent());
}
