//! What the client writes.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use keyward_provider::http::{OutgoingRequest, SendError};

use super::support::{Provider, both, client, no_tls, options, send};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

#[tokio::test]
async fn a_request_carries_its_target_headers_and_body_and_one_host() {
    let provider = Provider::start().await;
    let client = client();
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.append("x-many", HeaderValue::from_static("1"));
    headers.append("x-many", HeaderValue::from_static("2"));
    let request = OutgoingRequest {
        method: Method::POST,
        target: "/v1/models?limit=2",
        headers: &headers,
        body: Bytes::from_static(b"{\"a\":1}"),
    };
    let theirs = async { provider.accept().await.answer(OK).await };
    let (response, received) = both(client.send(&provider.endpoint, request), theirs).await;

    assert_eq!(response.unwrap().status, 200);
    assert_eq!(
        received.head,
        format!(
            "POST /v1/models?limit=2 HTTP/1.1\r\nhost: 127.0.0.1:{}\r\ncontent-length: 7\r\n\
             content-type: application/json\r\nx-many: 1\r\nx-many: 2\r\n\r\n",
            provider.port()
        )
    );
    assert_eq!(received.body, b"{\"a\":1}");
}

#[tokio::test]
async fn framing_host_and_hop_by_hop_headers_of_the_caller_are_left_out() {
    let provider = Provider::start().await;
    let client = client();
    let mut headers = HeaderMap::new();
    for name in [
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "proxy-connection",
        "proxy-authorization",
        "te",
        "trailer",
        "upgrade",
        "expect",
    ] {
        headers.insert(name, HeaderValue::from_static("evil"));
    }
    let request = OutgoingRequest { method: Method::POST, target: "/v1", headers: &headers, body: Bytes::new() };
    let theirs = async { provider.accept().await.answer(OK).await };
    let (_, received) = both(client.send(&provider.endpoint, request), theirs).await;

    assert!(!received.head.contains("evil"), "{}", received.head);
    assert_eq!(received.head.matches("content-length: 0\r\n").count(), 1);
}

#[tokio::test]
async fn a_get_without_a_body_says_nothing_of_a_length() {
    let provider = Provider::start().await;
    let client = client();
    let theirs = async { provider.accept().await.answer(OK).await };
    let ours = send(&client, &provider.endpoint, Method::GET, "");
    let (_, received) = both(ours, theirs).await;
    assert!(!received.head.contains("content-length"));
}

#[tokio::test]
async fn a_target_that_would_break_the_request_line_is_refused_before_connecting() {
    let provider = Provider::start().await;
    let client = keyward_provider::http::Client::new(options(), no_tls());
    for target in
        ["", "v1", "http://elsewhere/", "/a b", "/a\r\nx: y", "/a\nb", "/a\tb", "/a#b", "/a\0", "/ä", "/a\x7f"]
    {
        let request = OutgoingRequest { method: Method::GET, target, headers: &HeaderMap::new(), body: Bytes::new() };
        let error = client.send(&provider.endpoint, request).await.unwrap_err();
        assert!(matches!(error, SendError::InvalidRequest { .. }) && !error.was_sent(), "{target:?}: {error}");
    }
}

#[tokio::test]
async fn connect_is_refused() {
    let provider = Provider::start().await;
    let error = send(&client(), &provider.endpoint, Method::CONNECT, "").await.unwrap_err();
    assert!(matches!(error, SendError::InvalidRequest { .. }), "{error}");
}
