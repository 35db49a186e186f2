//! Bodies that aren't taken: nothing of them reaches a provider.

use std::time::Duration;

use crate::support::{Answer, CHAT, CHAT_ANSWER, Client, Gate, Setup};

#[tokio::test]
async fn what_is_no_proper_json_object_is_refused_in_both_dialects() {
    let (gate, provider, key) = Gate::with_provider().await;
    for (body, param) in [
        ("", None),
        ("[]", None),
        ("{", None),
        ("{\"model\":\"m\"} x", None),
        ("{}", Some("model")),
        ("{\"model\":7}", Some("model")),
        ("{\"model\":\"a\",\"model\":\"b\"}", Some("model")),
        ("{\"model\":\"a\",\"Model\":\"b\"}", Some("model")),
        ("{\"model\":\"a\",\"\u{17f}tream\":true}", Some("stream")),
        ("{\"model\":\"a\",\"stream\":\"yes\"}", Some("stream")),
        ("{\"model\":\"a\",\"stream_options\":7}", Some("stream_options")),
    ] {
        for path in ["/v1/chat/completions", "/v1/messages"] {
            let headers = [("authorization", &*key.bearer()), ("content-type", "application/json")];
            let answer = gate.connect().await.post(path, &headers, body).await;
            answer.assert_error(400, "invalid_request_body");
            if path == "/v1/chat/completions" {
                assert_eq!(answer.json()["error"]["param"].as_str(), param, "{body}");
            }
        }
    }
    assert_eq!((provider.seen(), gate.records().len()), (0, 0));
}

#[tokio::test]
async fn other_types_and_codings_are_refused() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    provider.always_answer(CHAT_ANSWER);
    let ask = async |headers: &[(&str, &str)]| -> Answer {
        let bearer = key.bearer();
        let headers = [headers, &[("authorization", bearer.as_str())][..]].concat();
        gate.connect().await.post("/v1/chat/completions", &headers, CHAT).await
    };
    for content_type in ["text/plain", "application/json; charset=utf-16", "multipart/form-data"] {
        ask(&[("content-type", content_type)]).await.assert_error(415, "unsupported_media_type");
    }
    ask(&[("content-encoding", "gzip")]).await.assert_error(415, "unsupported_media_type");
    assert_eq!(provider.seen(), 0);
    assert_eq!(ask(&[("content-type", "application/json; charset=UTF-8")]).await.status, 200);
    assert_eq!(ask(&[("content-encoding", "identity")]).await.status, 200);
}

fn small() -> Setup {
    let mut setup = Setup::default();
    setup.options.body_limit = 1000;
    setup
}

#[tokio::test]
async fn a_body_that_says_it_is_too_large_is_refused_at_once() {
    let gate = Gate::start_with(small());
    let key = gate.key();
    let mut client = gate.connect().await;
    let head = format!(
        "POST /v1/messages HTTP/1.1\r\nhost: a\r\nauthorization: {}\r\ncontent-type: application/json\r\ncontent-length: 1001\r\n\r\n",
        key.bearer()
    );
    client.send(head).await;
    let answer = client.answer().await;
    answer.assert_error(413, "request_too_large");
    assert_eq!(answer.json()["error"]["type"], "request_too_large");
}

#[tokio::test]
async fn a_body_that_turns_out_too_large_is_refused_while_it_comes() {
    let gate = Gate::start_with(small());
    let key = gate.key();
    let mut client = gate.connect().await;
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: {}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
        key.bearer()
    );
    client.send(head).await;
    let chunk = format!("1f4\r\n{}\r\n", " ".repeat(500));
    client.send(&chunk).await;
    client.send(&chunk).await;
    client.send("1\r\n \r\n").await;
    client.answer().await.assert_error(413, "request_too_large");
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn an_early_answer_survives_the_rest_of_a_large_body() {
    let gate = Gate::start();
    let mut client = gate.connect().await;
    let size = 8 << 20;
    let head = format!(
        "POST /v1/messages HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: {size}\r\n\r\n"
    );
    client.send(head).await;
    client.send(vec![b' '; size]).await;
    client.answer().await.assert_error(401, "invalid_api_key");
}

#[tokio::test]
async fn a_body_at_the_limit_and_in_pieces_is_taken() {
    let gate = Gate::start_with(small());
    let mut provider = crate::support::TestProvider::start().await;
    provider.always_answer(CHAT_ANSWER);
    let key = gate.key();
    gate.put_credentials(vec![gate.credential(keyward_domain::provider::Provider::OpenAi, &provider)]);
    let body = format!("{:1000}", CHAT);
    assert_eq!(gate.post(&key, "/v1/chat/completions", &body).await.status, 200);

    let mut client = gate.connect().await;
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: {}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
        key.bearer()
    );
    client.send(head).await;
    for byte in CHAT.chars() {
        client.send(format!("1\r\n{byte}\r\n")).await;
    }
    client.send("0\r\n\r\n").await;
    assert_eq!(client.answer().await.text(), CHAT_ANSWER);
}

#[tokio::test]
async fn a_body_that_stops_coming_is_not_waited_for() {
    let mut setup = Setup::default();
    setup.options.body_idle = Duration::from_millis(50);
    let gate = Gate::start_with(setup);
    let key = gate.key();
    let mut client = gate.connect().await;
    let request = Client::request("POST", "/v1/chat/completions", &[("authorization", &key.bearer())], CHAT);
    client.send(&request[..request.len() - 5]).await;
    client.answer().await.assert_error(408, "request_timeout");
}

#[tokio::test]
async fn broken_chunks_are_refused() {
    let gate = Gate::start();
    let key = gate.key();
    let mut client = gate.connect().await;
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: {}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        key.bearer()
    );
    client.send(request).await;
    client.answer().await.assert_error(400, "invalid_request_body");
}
