//! How the network cuts a response must not matter.

use http::Method;
use keyward_provider::http::Client;

use super::support::{Peer, Provider, both, client, send, text};

const RESPONSES: [&str; 3] = [
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nx-a: b\r\ntransfer-encoding: chunked\r\n\r\n\
     5;e=1\r\nhello\r\n6\r\n world\r\n0\r\nt: v\r\n\r\n",
    "HTTP/1.1 200 OK\r\nx-a: b\r\ncontent-length: 11\r\n\r\nhello world",
    "HTTP/1.1 200\r\nx-a: b\r\n\r\nhello world",
];

/// One call on a connection kept from the one before, when it can be.
async fn one_call(provider: &Provider, client: &Client, kept: Option<Peer>, pieces: &[&[u8]]) -> Option<Peer> {
    let ends_by_close = !pieces.concat().windows(8).any(|w| w == b"content-" || w == b"encoding");
    let ours = async {
        let response = send(client, &provider.endpoint, Method::POST, "{}").await.unwrap();
        assert_eq!(response.status, 200);
        assert_eq!(response.headers["x-a"], "b");
        assert_eq!(response.headers.len(), 1);
        assert_eq!(text(response).await, "hello world");
    };
    let theirs = async {
        let mut peer = match kept {
            Some(peer) => peer,
            None => provider.accept().await,
        };
        peer.request().await;
        for piece in pieces {
            peer.say(piece).await;
            peer.pause().await;
        }
        (!ends_by_close).then_some(peer)
    };
    both(ours, theirs).await.1
}

#[tokio::test]
async fn a_response_cut_in_two_anywhere_is_the_same_response() {
    let provider = Provider::start().await;
    let client = client();
    let mut kept = None;
    for response in RESPONSES {
        for at in 1..response.len() {
            let (front, back) = response.as_bytes().split_at(at);
            kept = one_call(&provider, &client, kept, &[front, back]).await;
        }
    }
}

#[tokio::test]
async fn a_response_that_comes_byte_by_byte_is_the_same_response() {
    let provider = Provider::start().await;
    let client = client();
    let mut kept = None;
    for response in RESPONSES {
        let pieces: Vec<&[u8]> = response.as_bytes().chunks(1).collect();
        kept = one_call(&provider, &client, kept, &pieces).await;
    }
}
