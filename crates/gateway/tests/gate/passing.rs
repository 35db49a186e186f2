//! What goes through: bytes as they came, headers that may pass, and the few
//! changes that are Keyward's.

use keyward_access::CredentialEntry;
use keyward_domain::provider::Provider;

use crate::support::{CHAT_ANSWER, Client, Gate};

#[tokio::test]
async fn bytes_go_through_as_they_are_in_both_directions() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    let odd = "{ \"unknown\" : [1.0e+3, \"\\u00e4ä\\/\"],\r\n\t\"model\":\"gpt-4o\" }";
    let answer = "{\"weird\":\u{feff}\"ä\",\n \"id\" : 1 }";
    let asking = gate.post(&key, "/v1/chat/completions", odd);
    let providing = async {
        let exchange = provider.next().await;
        assert_eq!(exchange.request_line(), "POST /v1/chat/completions HTTP/1.1");
        assert_eq!(exchange.text(), odd);
        exchange.answer(203, "content-type: application/x-odd\r\n", answer).await;
    };
    let (got, ()) = tokio::join!(asking, providing);
    assert_eq!((got.status, got.text()), (203, answer));
    assert_eq!(got.header("content-type"), Some("application/x-odd"));
    assert_eq!(got.header("content-length"), Some(answer.len().to_string().as_str()));
}

#[tokio::test]
async fn every_operation_has_its_place_at_the_provider() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    for (path, query) in
        [("/v1/chat/completions", ""), ("/v1/completions", "?a=b"), ("/v1/responses", ""), ("/v1/embeddings", "?x=%2f")]
    {
        let asked = format!("{path}{query}");
        let asking = gate.post(&key, &asked, r#"{"model":"m","input":"x"}"#);
        let providing = async {
            let exchange = provider.next().await;
            assert_eq!(exchange.request_line(), format!("POST {asked} HTTP/1.1"));
            exchange.json(200, "{}").await;
        };
        assert_eq!(tokio::join!(asking, providing).0.status, 200);
    }
    let (gate, mut provider, key) = Gate::with_anthropic().await;
    let asking = gate.post(&key, "/v1/messages?beta=true", r#"{"model":"claude"}"#);
    let providing = async {
        let exchange = provider.next().await;
        assert_eq!(exchange.request_line(), "POST /v1/messages?beta=true HTTP/1.1");
        assert_eq!(exchange.header("x-api-key"), Some("provider-secret"));
        exchange.json(200, r#"{"usage":{"input_tokens":3,"output_tokens":4,"cache_read_input_tokens":5}}"#).await;
    };
    assert_eq!(tokio::join!(asking, providing).0.status, 200);
    let record = gate.records()[0];
    assert_eq!((record.input_tokens, record.output_tokens, record.cached_input_tokens), (8, 4, 5));
}

#[tokio::test]
async fn only_headers_that_may_pass_do() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    let bearer = key.bearer();
    let headers = [
        ("authorization", bearer.as_str()),
        ("x-api-key", key.secret.expose()),
        ("cookie", "a=b"),
        ("x-forwarded-for", "192.0.2.1"),
        ("accept-encoding", "gzip"),
        ("connection", "keep-alive, x-hop"),
        ("x-hop", "1"),
        ("openai-beta", "assistants=v2"),
        ("x-client-request-id", "my-id-1"),
    ];
    let mut client = gate.connect().await;
    let asking = client.post("/v1/chat/completions", &headers, r#"{"model":"m"}"#);
    let providing = async {
        let exchange = provider.next().await;
        assert_eq!(exchange.header("authorization"), Some("Bearer provider-secret"));
        assert_eq!(exchange.header("openai-beta"), Some("assistants=v2"));
        for name in ["x-api-key", "cookie", "x-forwarded-for", "accept-encoding", "x-hop", "x-client-request-id"] {
            assert_eq!(exchange.header(name), None, "{name}");
        }
        assert!(!exchange.head.contains(key.secret.expose()));
        let lines = "set-cookie: s=1\r\nserver: x\r\nx-request-id: theirs\r\nretry-after: 7\r\nkeyward-evil: 1\r\n";
        exchange.answer(429, lines, "{}").await;
    };
    let (answer, ()) = tokio::join!(asking, providing);
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("7")));
    for name in ["set-cookie", "server", "keyward-evil"] {
        assert_eq!(answer.header(name), None, "{name}");
    }
    assert!(answer.header("x-request-id").is_some_and(|id| id.starts_with("req_") && id.len() == 36));
    assert_eq!(answer.header("x-provider-request-id"), Some("theirs"));
    assert_eq!(answer.header("x-client-request-id"), Some("my-id-1"));
    assert!(answer.header("keyward-overhead-us").is_some_and(|micros| micros.parse::<u64>().is_ok()));
}

#[tokio::test]
async fn an_unreadable_client_request_id_is_not_echoed() {
    let gate = Gate::start();
    let long = "x".repeat(513);
    for (id, echoed) in [("fine~!", true), ("with space", false), ("", false), (long.as_str(), false), ("ä", false)] {
        let answer = gate.connect().await.get("/v1/models", &[("x-client-request-id", id)]).await;
        assert_eq!(answer.header("x-client-request-id").is_some(), echoed, "{id}");
    }
}

#[tokio::test]
async fn aliases_and_provider_names_reach_the_provider_as_its_own_model() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    let aliases = [("fast", "gpt-4o-mini"), ("quo\"te", "m")];
    gate.put_credentials(vec![gate.credential_with(Provider::OpenAiCompatible, &provider, &aliases)]);
    for (asked, sent) in [
        (r#"{"x":1,"model" : "fast" }"#, r#"{"x":1,"model" : "gpt-4o-mini" }"#),
        (r#"{"model":"openai_compatible/a/b"}"#, r#"{"model":"a/b"}"#),
        (r#"{"model":"openai_compatible/fast"}"#, r#"{"model":"gpt-4o-mini"}"#),
        (r#"{"model":"quo\"te"}"#, r#"{"model":"m"}"#),
        (r#"{"model":"openai/gpt"}"#, r#"{"model":"openai/gpt"}"#),
    ] {
        let providing = async {
            let exchange = provider.next().await;
            assert_eq!(exchange.text(), sent);
            exchange.json(200, CHAT_ANSWER).await;
        };
        let (answer, ()) = tokio::join!(gate.post(&key, "/v1/chat/completions", asked), providing);
        assert_eq!(answer.status, 200);
    }
}

#[tokio::test]
async fn a_replaced_secret_is_used_by_the_very_next_call() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    let first = gate.credential(Provider::OpenAiCompatible, &provider);
    let base_url = first.base_url.clone();
    let second = CredentialEntry {
        id: first.id,
        version: 2,
        secret: Some("replaced".into()),
        base_url,
        ..gate.bare_credential(Provider::OpenAiCompatible)
    };
    for (credential, secret) in [(first, "Bearer provider-secret"), (second.into(), "Bearer replaced")] {
        gate.put_credentials(vec![credential]);
        let providing = async {
            let exchange = provider.next().await;
            assert_eq!(exchange.header("authorization"), Some(secret));
            exchange.json(200, CHAT_ANSWER).await;
        };
        tokio::join!(gate.chat(&key), providing);
    }
}

#[tokio::test]
async fn one_connection_carries_many_calls() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    provider.always_answer(CHAT_ANSWER);
    let bearer = key.bearer();
    let mut client = gate.connect().await;
    for _ in 0..5 {
        let answer = client.post("/v1/chat/completions", &[("authorization", &bearer)], r#"{"model":"m"}"#).await;
        assert_eq!((answer.status, answer.text()), (200, CHAT_ANSWER));
        client
            .post("/v1/chat/completions", &[("authorization", &bearer)], "{}")
            .await
            .assert_error(400, "invalid_request_body");
    }
    let request = Client::request("POST", "/v1/chat/completions", &[("authorization", &bearer)], r#"{"model":"m"}"#);
    client.send(request.repeat(3)).await;
    for _ in 0..3 {
        assert_eq!(client.answer().await.text(), CHAT_ANSWER);
    }
}

#[tokio::test]
async fn the_demo_provider_answers_without_any_network() {
    let gate = Gate::start();
    gate.put_credentials(vec![gate.bare_credential(Provider::Demo).into()]);
    let key = gate.key();
    let chat = r#"{"model":"demo-small","max_tokens":5,"messages":[{"role":"user","content":"Hello there"}]}"#;
    for path in ["/v1/chat/completions", "/v1/messages"] {
        assert_eq!(gate.post(&key, path, chat).await.status, 200, "{path}");
    }
    let records = gate.records();
    assert!(records.len() == 2 && records.iter().all(|record| record.output_tokens > 0 && record.sent));
}
