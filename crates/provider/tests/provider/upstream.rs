//! One call, across the network and to the built-in provider.

use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use keyward_domain::provider::Provider;
use keyward_provider::{Operation, Target, http::SendError};

use super::support::{Scripted, upstream, upstream_with};

fn caller() -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("content-type", "application/json"),
        ("authorization", "Bearer sk-project-the-callers"),
        ("x-api-key", "sk-project-the-callers"),
        ("cookie", "session=1"),
        ("accept-encoding", "gzip"),
        ("transfer-encoding", "chunked"),
        ("openai-beta", "assistants=v2"),
        ("x-stainless-lang", "python"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
}

#[tokio::test]
async fn the_body_reaches_the_provider_as_it_is_and_its_answer_comes_back() {
    let answer = "HTTP/1.1 429 Too Many Requests\r\ncontent-length: 11\r\ncontent-type: application/json\r\n\
                  x-request-id: req_theirs\r\nx-ratelimit-limit-requests: 1\r\nretry-after: 2\r\n\
                  set-cookie: a=b\r\nopenai-organization: org-x\r\n\r\n{\"error\":1}";
    let provider = Scripted::start(answer).await;
    let target = Target::new(Provider::OpenAi, Some(&provider.base_url), Some(&"sk-keywards".into())).unwrap();
    let body = Bytes::from_static(b"{ \"model\" :\"m\",\"unknown\": \"\\u00e9\" }");

    let (call, begun) = (upstream(), AtomicBool::new(false));
    let answer = call
        .send(&target, Operation::ChatCompletions, Some("a=1&b=%20"), &caller(), body.clone(), &begun)
        .await
        .unwrap();

    assert_eq!((answer.status.as_u16(), begun.into_inner()), (429, true));
    let mut headers: Vec<_> = answer.headers.iter().map(|(n, v)| (n.as_str(), v.to_str().unwrap())).collect();
    headers.sort_unstable();
    assert_eq!(
        headers,
        [("content-type", "application/json"), ("retry-after", "2"), ("x-provider-request-id", "req_theirs")]
    );
    assert_eq!(answer.body.exact_length(), Some(11));
    assert_eq!(answer.body.collect(100).await.unwrap(), "{\"error\":1}");

    let call = provider.call().await;
    let (head, sent) = call.split_once("\r\n\r\n").unwrap();
    assert_eq!(sent.as_bytes(), body);
    assert!(head.starts_with("POST /base/chat/completions?a=1&b=%20 HTTP/1.1\r\n"), "{head}");
    let mut names: Vec<_> = head.lines().skip(1).map(|line| line.split(':').next().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["authorization", "content-length", "content-type", "host", "openai-beta", "x-stainless-lang"]);
    assert!(head.contains("authorization: Bearer sk-keywards") && !head.contains("callers"), "{head}");
}

#[tokio::test]
async fn every_operation_has_its_path() {
    for (provider, operation, line) in [
        (Provider::Groq, Operation::Completions, "POST /base/completions HTTP/1.1\r\n"),
        (Provider::OpenAi, Operation::Responses, "POST /base/responses HTTP/1.1\r\n"),
        (Provider::Vllm, Operation::Embeddings, "POST /base/embeddings HTTP/1.1\r\n"),
        (Provider::Anthropic, Operation::Messages, "POST /base/v1/messages HTTP/1.1\r\n"),
    ] {
        let server = Scripted::start("HTTP/1.1 204 No Content\r\n\r\n").await;
        let target = Target::new(provider, Some(&server.base_url), Some(&"sk-keywards".into())).unwrap();
        let answer =
            upstream().send(&target, operation, Some(""), &caller(), Bytes::new(), &Default::default()).await.unwrap();
        assert!(answer.body.is_complete());
        let call = server.call().await;
        assert!(call.starts_with(line), "{call}");
        assert_eq!(call.contains("anthropic-version: 2023-06-01"), operation == Operation::Messages);
    }
}

#[tokio::test]
async fn a_call_that_may_not_go_out_was_not_sent() {
    let (upstream, begun) = (upstream_with(false, std::time::Duration::ZERO), AtomicBool::new(false));
    let target = Target::new(Provider::Vllm, Some("http://127.0.0.1:9/v1"), None).unwrap();
    let error = upstream.send(&target, Operation::Embeddings, None, &caller(), Bytes::new(), &begun).await.unwrap_err();
    assert!(matches!(error, SendError::Blocked { .. }) && !error.was_sent() && !begun.into_inner(), "{error:?}");
}

#[test]
fn the_way_out_and_its_answers_may_move_between_threads() {
    fn moves<T: Send>() {}
    fn is_shared<T: Send + Sync>() {}
    is_shared::<keyward_provider::Upstream>();
    is_shared::<Target>();
    moves::<keyward_provider::UpstreamResponse>();
    moves::<keyward_provider::tap::ResponseTap>();
}
