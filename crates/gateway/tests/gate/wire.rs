//! Requests that two readers could read differently, or nobody.

use crate::support::{CHAT_ANSWER, Gate};

fn request(headers: &str, body: &str) -> String {
    format!("POST /v1/chat/completions HTTP/1.1\r\n{headers}\r\n{body}")
}

#[tokio::test]
async fn anything_but_one_host_is_refused() {
    let gate = Gate::start();
    for headers in
        ["", "host: a\r\nhost: a\r\n", "host: a\r\nHost: b\r\n", "host:\r\n", "host: a, b\r\n", "host: a b\r\n"]
    {
        let mut client = gate.connect().await;
        client.send(request(headers, "")).await;
        let answer = client.answer().await;
        answer.assert_error(400, "malformed_request");
        assert_eq!(answer.header("connection"), Some("close"));
        assert!(client.is_closed().await);
    }
}

#[tokio::test]
async fn two_lengths_are_refused_in_any_order_and_however_they_arrive() {
    let gate = Gate::start();
    let body = "5\r\nhello\r\n0\r\n\r\n";
    for headers in [
        "host: a\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n",
        "host: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    ] {
        let request = request(headers, body);
        let mut client = gate.connect().await;
        client.send(&request).await;
        client.answer().await.assert_error(400, "malformed_request");
        assert!(client.is_closed().await);

        let mut client = gate.connect().await;
        for byte in request.as_bytes() {
            client.send([*byte]).await;
            tokio::task::yield_now().await;
        }
        client.answer().await.assert_error(400, "malformed_request");
    }
}

#[tokio::test]
async fn a_body_that_is_coded_on_its_way_is_refused_whatever_it_holds() {
    let gate = Gate::start();
    for codings in [
        "transfer-encoding: gzip, chunked\r\n",
        "transfer-encoding: identity, chunked\r\n",
        "transfer-encoding: chunked, chunked\r\n",
        "transfer-encoding: identity\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: gzip\r\n",
    ] {
        let mut client = gate.connect().await;
        client.send(request(&format!("host: a\r\n{codings}"), "5\r\nhello\r\n0\r\n\r\n")).await;
        client.answer().await.assert_error(400, "malformed_request");
        assert!(client.is_closed().await, "{codings}");
    }
}

#[tokio::test]
async fn two_lengths_behind_another_request_never_carry_a_third() {
    let gate = Gate::start();
    let first = "GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n";
    let hiding = request("host: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n", "0\r\n\r\n");
    let mut client = gate.connect().await;
    client.send([first, &hiding, first].concat()).await;
    assert_eq!(client.answer().await.status, 200);
    let second = client.answer().await;
    assert!(second.status >= 400 && second.header("connection") == Some("close"));
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn a_length_that_came_with_an_earlier_request_hides_nothing() {
    let gate = Gate::start();
    let get = "GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n";
    let mut client = gate.connect().await;
    client.send([get, "POST /v1/messages HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\nx: "].concat()).await;
    assert_eq!(client.answer().await.status, 200);
    client.send(["POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", get].concat()).await;
    assert_eq!(client.answer().await.header("connection"), Some("close"));
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn what_is_not_http_is_told_so_in_the_envelope() {
    let gate = Gate::start();
    for (bytes, status, code) in [
        ("nonsense\r\n\r\n".to_owned(), 400, "malformed_request"),
        ("GET / HTTP/9.9\r\nhost: a\r\n\r\n".to_owned(), 400, "malformed_request"),
        (request("host: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n", ""), 400, "malformed_request"),
        (request("host: a\r\ncontent-length: +1\r\n", ""), 400, "malformed_request"),
        (request("host: a\r\ntransfer-encoding: gzip\r\n", ""), 400, "malformed_request"),
        (request("host : a\r\n", ""), 400, "malformed_request"),
        (request(&format!("host: a\r\n{}", "x: y\r\n".repeat(101)), ""), 431, "headers_too_large"),
        (request(&format!("host: a\r\nx: {}\r\n", "y".repeat(66_000)), ""), 431, "headers_too_large"),
    ] {
        let mut client = gate.connect().await;
        client.send(&bytes).await;
        let answer = client.answer().await;
        answer.assert_error(status, code);
        assert!(answer.clean && client.is_closed().await);
    }
}

#[tokio::test]
async fn a_refused_head_behind_an_answered_call_is_told_apart_from_it() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    provider.always_answer(CHAT_ANSWER);
    let headers = format!(
        "host: a\r\nauthorization: {}\r\ncontent-type: application/json\r\ncontent-length: 13\r\n",
        key.bearer()
    );
    let mut client = gate.connect().await;
    client.send(request(&headers, "{\"model\":\"m\"}nonsense\r\n\r\n")).await;
    assert_eq!(client.answer().await.text(), CHAT_ANSWER);
    client.answer().await.assert_error(400, "malformed_request");
}

#[tokio::test]
async fn an_upgrade_or_a_tunnel_leads_nowhere() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    provider.always_answer(CHAT_ANSWER);
    let headers = [("authorization", &*key.bearer()), ("connection", "upgrade"), ("upgrade", "websocket")];
    let answer = gate.connect().await.post("/v1/chat/completions", &headers, "{\"model\":\"m\"}").await;
    assert_eq!((answer.status, answer.header("upgrade")), (200, None));
    let mut client = gate.connect().await;
    client.send("GET http://keyward.example/v1/models HTTP/1.1\r\nhost: a\r\n\r\n").await;
    client.answer().await.assert_error(401, "invalid_api_key");
}
