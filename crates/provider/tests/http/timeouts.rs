//! A silent provider is given up; a slow one isn't.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use keyward_provider::http::{BodyError, Client, ClientOptions, SendError};

use super::support::{Provider, both, no_tls, options, post, send, text, within};

fn impatient() -> Client {
    waiting(Duration::from_millis(150), Duration::from_millis(150))
}

fn waiting(head_timeout: Duration, idle_timeout: Duration) -> Client {
    Client::new(ClientOptions { head_timeout, idle_timeout, ..options() }, no_tls())
}

#[tokio::test]
async fn a_head_that_does_not_come_times_out() {
    for said in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 100 Continue\r\n\r\n"] {
        let provider = Provider::start().await;
        let client = impatient();
        let theirs = async {
            let mut peer = provider.answer(said).await;
            peer.closed().await;
        };
        let (result, ()) = both(post(&client, &provider.endpoint), theirs).await;
        let error = result.unwrap_err();
        assert!(matches!(error, SendError::TimedOut { .. }), "{error}");
        assert!(error.was_sent());
    }
}

#[tokio::test]
async fn a_head_that_trickles_times_out() {
    let provider = Provider::start().await;
    let client = impatient();
    let theirs = async {
        let mut peer = provider.answer("HTTP/1.1 200 OK\r\n").await;
        loop {
            tokio::time::sleep(Duration::from_millis(20)).await;
            peer.say("x").await;
        }
    };
    let result = within(async {
        tokio::select! {
            result = post(&client, &provider.endpoint) => result,
            () = theirs => unreachable!(),
        }
    })
    .await;
    assert!(matches!(result, Err(SendError::TimedOut { .. })));
}

#[tokio::test]
async fn an_upload_that_nobody_reads_times_out() {
    let provider = Provider::start().await;
    let client = impatient();
    let ours = send(&client, &provider.endpoint, Method::POST, vec![7; 32 << 20]);
    let theirs = async {
        let mut peer = provider.accept().await;
        peer.head().await;
        peer
    };
    let (result, _peer) = both(ours, theirs).await;
    assert!(matches!(result, Err(SendError::TimedOut { sent: true, .. })));
}

#[tokio::test]
async fn a_body_that_stops_times_out_and_stays_so() {
    let provider = Provider::start().await;
    let client = impatient();
    let theirs = provider.answer("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello");
    let (response, mut peer) = both(post(&client, &provider.endpoint), theirs).await;
    let mut body = response.unwrap().body;
    assert_eq!(within(body.next()).await, Some(Ok(Bytes::from("hello"))));
    for _ in 0..2 {
        assert_eq!(within(body.next()).await, Some(Err(BodyError::TimedOut)));
    }
    within(peer.closed()).await;
}

#[tokio::test]
async fn each_limit_counts_for_itself_on_one_connection() {
    let provider = Provider::start().await;
    let client = waiting(Duration::from_secs(600), Duration::from_millis(50));
    let theirs = async {
        let mut peer = provider.accept().await;
        peer.request().await;
        tokio::time::sleep(Duration::from_millis(150)).await;
        peer.say("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n").await;
        peer
    };
    let (response, _peer) = both(post(&client, &provider.endpoint), theirs).await;
    let mut body = response.unwrap().body;
    assert_eq!(within(body.next()).await, Some(Err(BodyError::TimedOut)));
}

#[tokio::test]
async fn dropping_next_again_and_again_does_not_put_the_timeout_off() {
    let provider = Provider::start().await;
    let client = impatient();
    let theirs = provider.answer("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n");
    let (response, _peer) = both(post(&client, &provider.endpoint), theirs).await;
    let mut body = response.unwrap().body;
    let end = within(async {
        loop {
            let pause = Duration::from_millis(10);
            if let Ok(end) = tokio::time::timeout(pause, body.next()).await {
                break end;
            }
        }
    })
    .await;
    assert_eq!(end, Some(Err(BodyError::TimedOut)));
}

#[tokio::test]
async fn a_slow_body_and_slow_calls_on_one_connection_do_not_time_out() {
    let provider = Provider::start().await;
    // The pauses are far below the limits, their sum is above.
    let client = waiting(Duration::from_secs(1), Duration::from_secs(1));
    let pause = || tokio::time::sleep(Duration::from_millis(250));
    let theirs = async {
        let mut peer = provider.accept().await;
        for _ in 0..2 {
            peer.request().await;
            pause().await;
            peer.say("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n").await;
            for byte in b"hello" {
                pause().await;
                peer.say([*byte]).await;
            }
        }
    };
    let ours = async {
        for _ in 0..2 {
            let response = post(&client, &provider.endpoint).await.unwrap();
            assert_eq!(text(response).await, "hello");
        }
    };
    both(ours, theirs).await;
}

#[tokio::test]
async fn a_reader_that_takes_its_time_finds_what_came_meanwhile() {
    let provider = Provider::start().await;
    let client = impatient();
    let theirs = provider.answer("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab");
    let (response, mut peer) = both(post(&client, &provider.endpoint), theirs).await;
    let mut body = response.unwrap().body;
    assert_eq!(within(body.next()).await, Some(Ok(Bytes::from("ab"))));
    tokio::time::sleep(Duration::from_millis(300)).await;
    peer.say("cd").await;
    assert_eq!(within(body.next()).await, Some(Ok(Bytes::from("cd"))));
}
