//! When a connection serves again, and when it must not.

use std::time::Duration;

use bytes::Bytes;
use keyward_provider::http::{Client, ClientOptions, SendError};

use super::support::{Peer, Provider, both, client, no_tls, options, post, text, within};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// One whole call, answered with `OK` by the next fresh connection.
async fn fresh_call(client: &Client, provider: &Provider) -> Peer {
    let ours = async { text(post(client, &provider.endpoint).await.unwrap()).await };
    let (body, peer) = both(ours, provider.answer(OK)).await;
    assert_eq!(body, "ok");
    peer
}

/// One whole call, answered with `OK` on a connection that is there already.
async fn reusing_call(client: &Client, provider: &Provider, peer: &mut Peer) {
    let ours = async { text(post(client, &provider.endpoint).await.unwrap()).await };
    let (body, _) = both(ours, peer.answer(OK)).await;
    assert_eq!(body, "ok");
}

#[tokio::test]
async fn a_connection_serves_call_after_call() {
    let provider = Provider::start().await;
    let client = client();
    let mut peer = fresh_call(&client, &provider).await;
    for _ in 0..20 {
        reusing_call(&client, &provider, &mut peer).await;
    }
}

#[tokio::test]
async fn a_connection_is_back_before_the_end_is_asked_for() {
    let provider = Provider::start().await;
    let client = client();
    let (response, mut peer) = both(post(&client, &provider.endpoint), provider.answer(OK)).await;
    let mut body = response.unwrap().body;
    assert_eq!(within(body.next()).await, Some(Ok(Bytes::from("ok"))));
    // `body` is alive and hasn't answered `None`.
    reusing_call(&client, &provider, &mut peer).await;
    assert_eq!(within(body.next()).await, None);
}

#[tokio::test]
async fn a_connection_is_not_used_again_when_the_response_rules_it_out() {
    for response in [
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nConnection: x, Close\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nok",
        // More than the body: the start of a response that nobody asked for.
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n\r\n",
    ] {
        let provider = Provider::start().await;
        let client = client();
        let ours = async { text(post(&client, &provider.endpoint).await.unwrap()).await };
        let (body, mut peer) = both(ours, provider.answer(response)).await;
        assert_eq!(body, "ok");
        within(peer.closed()).await;
        fresh_call(&client, &provider).await;
    }
}

#[tokio::test]
async fn bytes_behind_a_response_without_a_body_rule_the_connection_out() {
    let provider = Provider::start().await;
    let client = client();
    let response = "HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\nhello";
    let (_, mut peer) = both(post(&client, &provider.endpoint), provider.answer(response)).await;
    within(peer.closed()).await;
}

#[tokio::test]
async fn a_pooled_connection_that_speaks_unasked_is_not_used_again() {
    let provider = Provider::start().await;
    let client = client();
    let mut peer = fresh_call(&client, &provider).await;
    peer.say("HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n").await;
    peer.pause().await;
    fresh_call(&client, &provider).await;
    within(peer.closed()).await;
}

#[tokio::test]
async fn a_pooled_connection_that_was_closed_is_not_used_again() {
    let provider = Provider::start().await;
    let client = client();
    let peer = fresh_call(&client, &provider).await;
    peer.pause().await;
    drop(peer);
    tokio::time::sleep(Duration::from_millis(5)).await;
    fresh_call(&client, &provider).await;
}

#[tokio::test]
async fn a_connection_closed_as_the_request_comes_is_replaced_silently() {
    for reset in [false, true] {
        let provider = Provider::start().await;
        let client = client();
        let mut first = fresh_call(&client, &provider).await;
        let theirs = async {
            first.request().await;
            if reset {
                first.reset()
            } else {
                drop(first)
            }
            provider.answer(OK).await
        };
        let ours = async { text(post(&client, &provider.endpoint).await.unwrap()).await };
        let (body, _) = both(ours, theirs).await;
        assert_eq!(body, "ok");
    }
}

#[tokio::test]
async fn a_call_is_sent_again_only_once() {
    let provider = Provider::start().await;
    let client = client();
    let mut first = fresh_call(&client, &provider).await;
    let theirs = async {
        first.request().await;
        drop(first);
        provider.accept().await.request().await;
    };
    let (result, ()) = both(post(&client, &provider.endpoint), theirs).await;
    let error = result.unwrap_err();
    assert!(matches!(error, SendError::Unreachable { .. }), "{error}");
    assert!(error.was_sent());
}

#[tokio::test]
async fn a_call_on_a_fresh_connection_is_not_sent_again() {
    let provider = Provider::start().await;
    let client = client();
    let theirs = async {
        provider.accept().await.request().await;
    };
    let (result, ()) = both(post(&client, &provider.endpoint), theirs).await;
    assert!(result.unwrap_err().was_sent());
}

#[tokio::test]
async fn a_call_is_not_sent_again_after_one_byte_of_the_response() {
    let provider = Provider::start().await;
    let client = client();
    for said in ["H", "HTTP/1.1 100 Continue\r\n\r\n"] {
        let mut peer = fresh_call(&client, &provider).await;
        let theirs = async {
            peer.answer(said).await;
            peer.pause().await;
            drop(peer);
        };
        let (result, ()) = both(post(&client, &provider.endpoint), theirs).await;
        let error = result.unwrap_err();
        assert!(matches!(error, SendError::Unreachable { .. }), "{error}");
        assert!(error.was_sent());
    }
}

#[tokio::test]
async fn a_call_is_not_sent_again_when_the_provider_may_have_worked_on_it() {
    let provider = Provider::start().await;
    let client = client();
    let mut peer = fresh_call(&client, &provider).await;
    let theirs = async {
        peer.request().await;
        tokio::time::sleep(Duration::from_millis(2500)).await;
        drop(peer);
    };
    let (result, ()) = both(post(&client, &provider.endpoint), theirs).await;
    assert!(result.unwrap_err().was_sent());
}

#[tokio::test]
async fn a_malformed_answer_on_a_pooled_connection_is_not_asked_for_again() {
    let provider = Provider::start().await;
    let client = client();
    let mut peer = fresh_call(&client, &provider).await;
    let theirs = peer.answer("garbage");
    let (result, _) = both(post(&client, &provider.endpoint), theirs).await;
    assert!(matches!(result, Err(SendError::Malformed { .. })));
}

#[tokio::test]
async fn dropping_a_body_before_its_end_closes_the_connection() {
    let provider = Provider::start().await;
    let client = client();
    let theirs = provider.answer("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n");
    let (response, mut peer) = both(post(&client, &provider.endpoint), theirs).await;
    let mut body = response.unwrap().body;
    assert_eq!(within(body.next()).await, Some(Ok(Bytes::from("ok"))));
    drop(body);
    within(peer.closed()).await;
    fresh_call(&client, &provider).await;
}

#[tokio::test]
async fn dropping_a_call_before_its_response_closes_the_connection() {
    let provider = Provider::start().await;
    let client = client();
    let mut peer = within(async {
        tokio::select! {
            _ = post(&client, &provider.endpoint) => panic!("nothing was answered"),
            peer = async { let mut peer = provider.accept().await; peer.request().await; peer } => peer,
        }
    })
    .await;
    within(peer.closed()).await;
}

#[tokio::test]
async fn calls_side_by_side_have_connections_of_their_own() {
    let provider = Provider::start().await;
    let client = client();
    let theirs = async {
        let mut first = provider.accept().await;
        let mut second = provider.accept().await;
        first.request().await;
        second.request().await;
        first.say("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nfirst").await;
        second.say("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nsecon").await;
    };
    let one = async { text(post(&client, &provider.endpoint).await.unwrap()).await };
    let two = async { text(post(&client, &provider.endpoint).await.unwrap()).await };
    let (bodies, ()) = both(async { tokio::join!(one, two) }, theirs).await;
    let mut bodies = [bodies.0, bodies.1];
    bodies.sort();
    assert_eq!(bodies, ["first", "secon"]);
}

#[tokio::test]
async fn no_more_idle_connections_are_kept_than_allowed() {
    let provider = Provider::start().await;
    let client = Client::new(ClientOptions { max_idle_per_endpoint: 2, ..options() }, no_tls());
    let mut bodies = Vec::new();
    let mut peers = Vec::new();
    for _ in 0..3 {
        let theirs = provider.answer("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n");
        let (response, peer) = both(post(&client, &provider.endpoint), theirs).await;
        bodies.push(response.unwrap().body);
        peers.push(peer);
    }
    for (body, peer) in bodies.into_iter().zip(&mut peers) {
        peer.say("ok").await;
        assert_eq!(within(body.collect(2)).await, Ok(Bytes::from("ok")));
    }
    // The one that came back first is the surplus; the last goes first.
    within(peers[0].closed()).await;
    let mut last = peers.remove(2);
    reusing_call(&client, &provider, &mut last).await;
}

#[tokio::test]
async fn a_connection_unused_for_too_long_is_not_used_again() {
    let provider = Provider::start().await;
    let client = short_lived();
    let mut peer = fresh_call(&client, &provider).await;
    tokio::time::sleep(Duration::from_millis(80)).await;
    fresh_call(&client, &provider).await;
    within(peer.closed()).await;
}

#[tokio::test]
async fn aged_connections_of_a_quiet_endpoint_are_closed_on_request_and_by_others_calls() {
    let (quiet, busy) = (Provider::start().await, Provider::start().await);
    let client = short_lived();

    let mut peer = fresh_call(&client, &quiet).await;
    tokio::time::sleep(Duration::from_millis(80)).await;
    client.close_aged();
    within(peer.closed()).await;

    let mut peer = fresh_call(&client, &quiet).await;
    tokio::time::sleep(Duration::from_millis(80)).await;
    fresh_call(&client, &busy).await;
    within(peer.closed()).await;
}

fn short_lived() -> Client {
    Client::new(ClientOptions { max_idle_age: Duration::from_millis(50), ..options() }, no_tls())
}
