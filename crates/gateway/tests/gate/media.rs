//! Pictures, sound, moderations, rerankings and counted tokens: the same checks
//! as for words, and answers that aren't JSON.

use keyward_domain::{
    api_key::KeyAccess,
    model::{ModelMode, ModelPatterns, ModelPermissions},
    provider::Provider,
};

use crate::support::{Client, Gate};

fn patterns(names: &[&str]) -> ModelPatterns {
    ModelPatterns::parse("models", names.iter().map(|name| (*name).to_owned()).collect()).unwrap()
}

const MODEL_MAY_BE_MISSING: [&str; 2] = ["/v1/moderations", "/v1/images/generations"];
const MODEL_IS_REQUIRED: [&str; 2] = ["/v1/audio/speech", "/v1/rerank"];

#[tokio::test]
async fn a_call_goes_out_as_it_came_and_its_use_is_counted() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    for (path, answer, used) in [
        ("/v1/moderations", r#"{"id":"modr-1","results":[]}"#, (0, 0)),
        (
            "/v1/images/generations",
            r#"{"data":[],"usage":{"input_tokens":5,"output_tokens":9,"total_tokens":14}}"#,
            (5, 9),
        ),
        ("/v1/rerank", r#"{"results":[],"usage":{"total_tokens":6}}"#, (6, 0)),
    ] {
        let body = r#"{"model" : "m", "x":1.0}"#;
        let providing = async {
            let exchange = provider.next().await;
            assert_eq!(exchange.request_line(), format!("POST {path} HTTP/1.1"));
            assert_eq!(exchange.text(), body);
            exchange.json(200, answer).await;
        };
        let (got, ()) = tokio::join!(gate.post(&key, path, body), providing);
        assert_eq!((got.status, got.text()), (200, answer));
        let record = gate.records().pop().unwrap();
        assert_eq!((record.input_tokens, record.output_tokens, record.requests), (used.0, used.1, 1), "{path}");
    }
}

#[tokio::test]
async fn a_missing_model_is_the_providers_to_choose_unless_models_are_restricted() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    let second = gate.credential(Provider::Groq, &provider);
    gate.put_credentials(vec![gate.credential(Provider::OpenAiCompatible, &provider), second]);
    provider.always_answer("{}");
    let narrow = gate.key_with(None, KeyAccess { allowed_models: patterns(&["*"]), ..KeyAccess::default() });
    for path in MODEL_MAY_BE_MISSING {
        assert_eq!(gate.post(&key, path, r#"{"input":"x"}"#).await.status, 200, "{path}");
        for body in ["{}", r#"{"model":null}"#] {
            let answer = gate.post(&narrow, path, body).await;
            answer.assert_error(403, "model_not_allowed");
            assert_eq!(answer.json()["error"]["param"], "model");
        }
    }
    for path in MODEL_IS_REQUIRED {
        gate.post(&key, path, r#"{"input":"x"}"#).await.assert_error(400, "invalid_request_body");
    }
    // Nobody was asked for a list of models: there was nothing to look up.
    assert_eq!((provider.seen(), gate.records().len()), (2, 2));

    let deny = ModelPermissions { mode: ModelMode::DenyList, model_ids: patterns(&["dall-e-3"]) };
    gate.set_project(true, Some(deny));
    gate.post(&key, MODEL_MAY_BE_MISSING[1], "{}").await.assert_error(403, "model_not_allowed");
    assert_eq!(provider.seen(), 2);
}

#[tokio::test]
async fn models_are_allowed_and_renamed_on_every_route() {
    let (gate, mut provider, _) = Gate::with_provider().await;
    gate.put_credentials(vec![gate.credential_with(Provider::OpenAiCompatible, &provider, &[("mine", "theirs")])]);
    let key = gate.key_with(None, KeyAccess { allowed_models: patterns(&["mine"]), ..KeyAccess::default() });
    for path in MODEL_MAY_BE_MISSING.into_iter().chain(MODEL_IS_REQUIRED) {
        gate.post(&key, path, r#"{"model":"other"}"#).await.assert_error(403, "model_not_allowed");
        let providing = async {
            let exchange = provider.next().await;
            assert_eq!(exchange.text(), r#"{"model":"theirs"}"#);
            exchange.json(200, "{}").await;
        };
        assert_eq!(tokio::join!(gate.post(&key, path, r#"{"model":"mine"}"#), providing).0.status, 200);
    }
}

const AUDIO: &str = "HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\ntransfer-encoding: chunked\r\n\r\n";

#[tokio::test]
async fn sound_streams_as_it_comes() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    let mut client = gate.connect().await;
    let bearer = key.bearer();
    let body = r#"{"model":"m","input":"x","voice":"v"}"#;
    client.send(Client::request("POST", "/v1/audio/speech", &[("authorization", &bearer)], body)).await;
    let mut exchange = provider.next().await;
    exchange.send(AUDIO).await;
    exchange.send(b"3\r\n\xff\xfb\x00\r\n").await;
    let (status, headers) = client.head().await;
    assert_eq!((status, headers["content-type"].to_str().unwrap()), (200, "audio/mpeg"));
    assert_eq!(client.chunk().await, Ok(Some(b"\xff\xfb\x00".to_vec())));
    exchange.send(b"2\r\n\x00\x01\r\n").await;
    assert_eq!(client.chunk().await, Ok(Some(b"\x00\x01".to_vec())));
    exchange.end_stream().await;
    assert_eq!(client.chunk().await, Ok(None));
    assert_eq!(gate.records().len(), 1);
}

#[tokio::test]
async fn sound_of_a_key_that_is_revoked_breaks_off() {
    let (gate, mut provider, mut key) = Gate::with_provider().await;
    let mut client = gate.connect().await;
    let bearer = key.bearer();
    let body = r#"{"model":"m","input":"x","voice":"v"}"#;
    client.send(Client::request("POST", "/v1/audio/speech", &[("authorization", &bearer)], body)).await;
    let mut exchange = provider.next().await;
    exchange.send(AUDIO).await;
    exchange.send(b"1\r\nx\r\n").await;
    client.head().await;
    assert_eq!(client.chunk().await, Ok(Some(b"x".to_vec())));
    gate.change(&mut key, |key| key.disabled = true);
    assert_eq!(client.chunk().await, Err(()), "it breaks off, without an end and without another byte");
    exchange.closed().await;
    assert_eq!(gate.records().len(), 1);
}

#[tokio::test]
async fn tokens_are_counted_by_anthropic_alone_and_as_a_call() {
    let (gate, mut provider, key) = Gate::with_anthropic().await;
    let providing = async {
        let exchange = provider.next().await;
        assert_eq!(exchange.request_line(), "POST /v1/messages/count_tokens HTTP/1.1");
        exchange.json(200, r#"{"input_tokens":2095}"#).await;
    };
    let asking = gate.post(&key, "/v1/messages/count_tokens", r#"{"model":"claude","messages":[]}"#);
    assert_eq!(tokio::join!(asking, providing).0.status, 200);
    let record = gate.records()[0];
    assert_eq!((record.requests, record.input_tokens), (1, 0), "asked, and nothing used");
    let capped = gate.key_with(Some(0), KeyAccess::default());
    let answer = gate.post(&capped, "/v1/messages/count_tokens", r#"{"model":"claude"}"#).await;
    answer.assert_error(429, "request_cap_reached");
    assert_eq!(answer.json()["type"], "error", "Anthropic's envelope");
    gate.post(&key, "/v1/rerank", r#"{"model":"claude"}"#).await.assert_error(400, "dialect_not_supported");

    let (gate, provider, key) = Gate::with_provider().await;
    let answer = gate.post(&key, "/v1/messages/count_tokens", r#"{"model":"m"}"#).await;
    answer.assert_error(400, "dialect_not_supported");
    assert_eq!(provider.seen(), 0);
}

#[tokio::test]
async fn a_picture_that_streams_is_forwarded_and_counted() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    let events = include_str!("../../../provider/tests/provider/fixtures/images.sse");
    let providing = async {
        let mut exchange = provider.next().await;
        assert_eq!(exchange.text(), r#"{"model":"m","stream":true,"prompt":"x"}"#);
        exchange.begin_stream().await;
        exchange.frame(events).await;
        exchange.end_stream().await;
    };
    let asking = gate.post(&key, "/v1/images/generations", r#"{"model":"m","stream":true,"prompt":"x"}"#);
    let (answer, ()) = tokio::join!(asking, providing);
    assert_eq!((answer.text(), answer.clean), (events, true));
    let record = gate.records()[0];
    assert_eq!((record.input_tokens, record.output_tokens), (20, 300));
}
