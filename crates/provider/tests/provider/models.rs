//! Model lists, asked of a provider on this machine that follows a script.

use std::time::Duration;

use keyward_domain::provider::Provider;
use keyward_provider::{Target, models::ModelListError};

use super::support::{Scripted, upstream, upstream_with};

fn target(provider: Provider, base_url: &str) -> Target {
    Target::new(provider, Some(base_url), Some(&"sk-the-secret".into())).unwrap()
}

fn answer(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn an_openai_list_is_asked_for_with_the_credential() {
    let provider = Scripted::start(answer("200 OK", r#"{"object":"list","data":[{"id":"m-1"},{"id":"m-2"}]}"#)).await;
    let models = upstream().models(&target(Provider::OpenAi, &provider.base_url)).await.unwrap();
    assert_eq!(models, ["m-1", "m-2"]);
    let call = provider.call().await;
    assert!(call.starts_with("GET /base/models HTTP/1.1\r\n"), "{call}");
    assert!(call.contains("\r\nauthorization: Bearer sk-the-secret\r\n"), "{call}");
}

#[tokio::test]
async fn an_anthropic_list_is_asked_for_in_one_page() {
    let provider = Scripted::start(answer("200 OK", r#"{"data":[{"type":"model","id":"claude-x"}]}"#)).await;
    let models = upstream().models(&target(Provider::Anthropic, &provider.base_url)).await.unwrap();
    assert_eq!(models, ["claude-x"]);
    let call = provider.call().await;
    assert!(call.starts_with("GET /base/v1/models?limit=1000 HTTP/1.1\r\n"), "{call}");
    assert!(call.contains("\r\nx-api-key: sk-the-secret\r\n"), "{call}");
    assert!(call.contains("\r\nanthropic-version: 2023-06-01\r\n"), "{call}");
}

#[tokio::test]
async fn what_is_no_list_is_told_apart() {
    let large = format!(r#"{{"data":[{{"id":"{}"}}]}}"#, "x".repeat(4 << 20));
    for (status, body, expected) in [
        ("401 Unauthorized", "{}", "Rejected(401)"),
        ("403 Forbidden", "no", "Rejected(403)"),
        ("404 Not Found", "", "NotAList(404)"),
        ("500 Internal Server Error", "{}", "NotAList(500)"),
        ("302 Found", "", "NotAList(302)"),
        ("200 OK", "<html>", "NotAList(200)"),
        ("200 OK", r#"{"data":"none"}"#, "NotAList(200)"),
        ("200 OK", &large, "NotAList(200)"),
    ] {
        let provider = Scripted::start(answer(status, body)).await;
        let error = upstream().models(&target(Provider::Vllm, &provider.base_url)).await.unwrap_err();
        assert_eq!(format!("{error:?}"), expected);
        assert!(!error.to_string().contains("sk-the"));
    }
}

#[tokio::test]
async fn a_list_cut_short_or_garbled_is_unreachable() {
    for answer in ["HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{\"data\":[]}", "SSH-2.0\r\n"] {
        let provider = Scripted::start(answer).await;
        let error = upstream().models(&target(Provider::Vllm, &provider.base_url)).await.unwrap_err();
        assert!(matches!(error, ModelListError::Unreachable(_)), "{error:?}");
    }
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = upstream().models(&target(Provider::Vllm, &base_url)).await.unwrap_err();
    assert!(matches!(error, ModelListError::Unreachable(_)), "{error:?}");
}

#[tokio::test]
async fn a_private_address_is_blocked_unless_allowed() {
    let upstream = upstream_with(false, Duration::ZERO);
    let error = upstream.models(&target(Provider::Vllm, "http://127.0.0.1:1/v1")).await.unwrap_err();
    assert!(matches!(error, ModelListError::Blocked(_)), "{error:?}");
}

/// Time stands still and jumps ahead when nothing else can happen.
#[tokio::test(start_paused = true)]
async fn a_provider_that_never_answers_times_out() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let error = upstream().models(&target(Provider::Vllm, &base_url)).await.unwrap_err();
    assert!(matches!(error, ModelListError::TimedOut), "{error:?}");
}

#[tokio::test]
async fn the_demo_lists_its_own() {
    let target = Target::new(Provider::Demo, None, None).unwrap();
    let models = upstream().models(&target).await.unwrap();
    assert_eq!(models[..3], ["demo-small", "demo-large", "demo-embedding"]);
    assert_eq!(models[3..], ["demo-moderation", "demo-image", "demo-speech", "demo-rerank"]);
}
