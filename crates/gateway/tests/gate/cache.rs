//! The response cache: what is answered again, and what never is.

use keyward_domain::{cache::ProjectCache, limit::Limits};

use crate::support::{Answer, CHAT, CHAT_ANSWER, CHAT_STREAM, Client, Gate, TestKey, TestProvider};

const PATH: &str = "/v1/chat/completions";
const STREAM_ANSWER: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n";
const USAGE: &str =
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":7,\"total_tokens\":18}}\n\n";
const DONE: &str = "data: [DONE]\n\n";

pub const ON: ProjectCache = ProjectCache { enabled: true, ttl_seconds: 60, generation: 0, version: 1 };

/// A gateway whose project keeps answers for a minute.
pub async fn caching() -> (Gate, TestProvider, TestKey) {
    let (gate, provider, key) = Gate::with_provider().await;
    gate.set_cache(ON);
    (gate, provider, key)
}

pub async fn post(gate: &Gate, key: &TestKey, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let bearer = key.bearer();
    let headers = [&[("authorization", bearer.as_str())], headers].concat();
    gate.connect().await.post(path, &headers, body).await
}

/// A call that the provider answers.
async fn asked(
    gate: &Gate,
    (provider, key): (&mut TestProvider, &TestKey),
    (path, headers, body): (&str, &[(&str, &str)], &str),
    (status, lines, text): (u16, &str, &str),
) -> Answer {
    let (answer, ()) = tokio::join!(post(gate, key, path, headers, body), async {
        provider.next().await.answer(status, lines, text).await;
    });
    answer
}

const JSON: &str = "content-type: application/json\r\n";

pub fn status(answer: &Answer) -> Option<&str> {
    answer.header("cache-status")
}

#[tokio::test]
async fn nothing_is_kept_unless_the_project_says_so() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    provider.always_answer(CHAT_ANSWER);
    for _ in 0..2 {
        let answer = gate.chat(&key).await;
        assert_eq!((answer.status, status(&answer), answer.header("age")), (200, None, None));
    }
    assert_eq!(provider.seen(), 2);
}

#[tokio::test]
async fn the_same_request_is_answered_again_without_the_provider() {
    let (gate, mut provider, key) = caching().await;
    let lines = format!("{JSON}openai-processing-ms: 7\r\nx-request-id: theirs\r\nset-cookie: a=b\r\n");
    let first = asked(&gate, (&mut provider, &key), (PATH, &[], CHAT), (200, &lines, CHAT_ANSWER)).await;
    assert_eq!((first.status, status(&first)), (200, Some("Keyward; fwd=miss; stored")));
    gate.clock.advance(7);
    let same = r#" { "messages" : [{"content":"H\u0069","role":"user"}], "model":"gpt-4o" } "#;
    let again = post(&gate, &key, PATH, &[("user-agent", "another"), ("traceparent", "00-1")], same).await;
    assert_eq!((again.status, again.text(), again.clean), (200, CHAT_ANSWER, true));
    assert_eq!(status(&again), Some("Keyward; hit; ttl=53"));
    assert_eq!((again.header("age"), again.header("content-type")), (Some("7"), Some("application/json")));
    for of_the_first in ["openai-processing-ms", "x-provider-request-id", "set-cookie"] {
        assert_eq!(again.header(of_the_first), None, "{of_the_first}");
    }
    assert_eq!(first.header("openai-processing-ms"), Some("7"));
    assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
    assert!(again.header("keyward-overhead-us").is_some());
    assert_eq!(provider.seen(), 1);
    let snapshot = gate.metrics().snapshot();
    assert_eq!((snapshot.cache_hits, snapshot.cache_misses), (1, 1));
}

#[tokio::test]
async fn a_hit_is_in_the_books_and_costs_and_consumes_nothing() {
    let (gate, mut provider, _) = caching().await;
    provider.always_answer(CHAT_ANSWER);
    let key = gate.key_with(Some(1), keyward_domain::api_key::KeyAccess::default());
    let requests_per_minute = Some(1);
    gate.set_limits(&[(None, Limits { requests_per_minute, ..Limits::default() })]);
    for _ in 0..5 {
        let answer = gate.chat(&key).await;
        assert_eq!(answer.status, 200);
        let is_hit = status(&answer).unwrap().contains("hit");
        assert_eq!(answer.header("x-ratelimit-remaining-requests").is_none(), is_hit);
    }
    let records = gate.records();
    let hits: Vec<_> = records.iter().filter(|record| record.cached).collect();
    assert_eq!(hits.len(), 4);
    for hit in hits {
        assert_eq!((hit.requests, hit.sent, hit.cost_nanos), (0, false, Some(0)));
        assert_eq!((hit.input_tokens, hit.output_tokens), (0, 0));
        assert_eq!((hit.api_key, hit.project), (key.key.id.uuid(), key.key.project.uuid()));
        assert_eq!(hit.model.parts(), Some(("openai_compatible", "gpt-4o")));
        assert_eq!(hit.ip, Some("127.0.0.1".parse().unwrap()));
    }
    assert_eq!(records.iter().map(|record| record.requests).sum::<i32>(), 1);
    // The cap is used up for whatever the cache doesn't know.
    let other = r#"{"model":"gpt-4o","messages":[]}"#;
    gate.post(&key, PATH, other).await.assert_error(429, "request_cap_reached");
    let uncapped = gate.key();
    gate.post(&uncapped, PATH, other).await.assert_error(429, "rate_limit_exceeded");
    assert_eq!(gate.chat(&uncapped).await.status, 200);
}

/// A streamed call that the provider answers with these frames, and breaks off
/// without an end if asked.
async fn streamed(
    gate: &Gate,
    provider: &mut TestProvider,
    key: &TestKey,
    body: &str,
    frames: &[&str],
    ends: bool,
) -> Answer {
    let (answer, ()) = tokio::join!(gate.post(key, PATH, body), async {
        let mut exchange = provider.next().await;
        exchange.begin_stream().await;
        for frame in frames {
            exchange.frame(frame).await;
        }
        if ends {
            exchange.end_stream().await;
        }
    });
    answer
}

#[tokio::test]
async fn a_stream_is_answered_again_frame_for_frame_as_the_caller_saw_it() {
    let (gate, mut provider, key) = caching().await;
    let frames = [STREAM_ANSWER, USAGE, DONE];
    let first = streamed(&gate, &mut provider, &key, CHAT_STREAM, &frames, true).await;
    assert_eq!((first.text(), status(&first)), (&*[STREAM_ANSWER, DONE].concat(), Some("Keyward; fwd=miss; stored")));
    let again = gate.post(&key, PATH, CHAT_STREAM).await;
    assert_eq!((again.text(), again.clean), (first.text(), true));
    assert_eq!(again.header("content-type"), Some("text/event-stream"));
    assert_eq!(status(&again), Some("Keyward; hit; ttl=60"));

    // To the provider this is the same request; the caller sees the usage frame.
    let asks = r#"{"model":"gpt-4o","stream":true,"messages":[],"stream_options":{"include_usage":true}}"#;
    let first = streamed(&gate, &mut provider, &key, asks, &frames, true).await;
    assert_eq!((first.text(), status(&first)), (&*frames.concat(), Some("Keyward; fwd=miss; stored")));
    assert_eq!(gate.post(&key, PATH, asks).await.text(), first.text());
    // And whole is another answer.
    let whole = r#"{"model":"gpt-4o","stream":false,"messages":[]}"#;
    let answer = asked(&gate, (&mut provider, &key), (PATH, &[], whole), (200, JSON, CHAT_ANSWER)).await;
    assert_eq!(status(&answer), Some("Keyward; fwd=miss; stored"));
    assert_eq!(gate.post(&key, PATH, whole).await.text(), CHAT_ANSWER);
    assert_eq!(provider.seen(), 3);
}

#[tokio::test]
async fn a_stream_that_did_not_end_well_is_not_kept() {
    let (gate, mut provider, key) = caching().await;
    let error = "data: {\"error\":{\"message\":\"overloaded\"}}\n\n";
    for (frames, ends) in [
        (&[STREAM_ANSWER][..], false),
        (&[STREAM_ANSWER], true),
        (&[STREAM_ANSWER, error], true),
        (&[error, DONE], true),
    ] {
        let answer = streamed(&gate, &mut provider, &key, CHAT_STREAM, frames, ends).await;
        assert_eq!(status(&answer), Some("Keyward; fwd=miss; stored"), "it can't be known yet");
    }
    // Nor is one that the caller didn't wait for.
    let mut client = gate.connect().await;
    client.send(Client::request("POST", PATH, &[("authorization", &key.bearer())], CHAT_STREAM)).await;
    let mut exchange = provider.next().await;
    exchange.begin_stream().await;
    exchange.frame(STREAM_ANSWER).await;
    client.head().await;
    client.chunk().await.unwrap();
    client.hang_up();
    exchange.closed().await;
    let last = streamed(&gate, &mut provider, &key, CHAT_STREAM, &[STREAM_ANSWER, DONE], true).await;
    assert_eq!(status(&last), Some("Keyward; fwd=miss; stored"));
    assert!(status(&gate.post(&key, PATH, CHAT_STREAM).await).unwrap().contains("hit"));
}

#[tokio::test]
async fn what_is_no_good_answer_is_not_kept() {
    let (gate, mut provider, key) = caching().await;
    let error = r#"{"error":{"message":"overloaded"}}"#;
    let encoded = format!("{JSON}content-encoding: gzip\r\n");
    for (code, lines, text, told) in [
        (429, JSON, error, "Keyward; fwd=miss"),
        (500, JSON, error, "Keyward; fwd=miss"),
        (201, JSON, CHAT_ANSWER, "Keyward; fwd=miss"),
        (200, encoded.as_str(), "\u{1f}", "Keyward; fwd=miss"),
        (200, "content-type: application/json\r\ncache-control: No-Store\r\n", CHAT_ANSWER, "Keyward; fwd=miss"),
        (200, "content-type: application/json\r\ncache-control: private\r\n", CHAT_ANSWER, "Keyward; fwd=miss"),
        (200, "content-type: application/json\r\ncache-control: max-age=0\r\n", CHAT_ANSWER, "Keyward; fwd=miss"),
        (200, JSON, error, "Keyward; fwd=miss; stored"),
        (200, JSON, "{\"choices\":[", "Keyward; fwd=miss; stored"),
        (200, JSON, "", "Keyward; fwd=miss"),
    ] {
        let answer = asked(&gate, (&mut provider, &key), (PATH, &[], CHAT), (code, lines, text)).await;
        assert_eq!((answer.status, status(&answer)), (code, Some(told)), "{lines}{text}");
    }
    // What a provider's cache says stays, and ours comes behind it.
    let lines = format!("{JSON}cache-status: Theirs; hit\r\ncache-control: no-cache, max-age=5\r\n");
    let answer = asked(&gate, (&mut provider, &key), (PATH, &[], CHAT), (200, &lines, CHAT_ANSWER)).await;
    let told: Vec<_> = answer.headers.get_all("cache-status").iter().map(|value| value.to_str().unwrap()).collect();
    assert_eq!(told, ["Theirs; hit", "Keyward; fwd=miss; stored"]);
    assert_eq!(status(&gate.chat(&key).await), Some("Keyward; hit; ttl=5"));
}

#[tokio::test]
async fn callers_rule_the_cache_out_in_the_words_of_http() {
    let (gate, mut provider, key) = caching().await;
    let post = async |value: &str| post(&gate, &key, PATH, &[("cache-control", value)], CHAT).await;
    let refused = post("only-if-cached").await;
    refused.assert_error(504, "not_cached");
    assert_eq!(refused.header("x-should-retry"), Some("false"));
    provider.always_answer(CHAT_ANSWER);
    assert_eq!(status(&post("no-store").await), Some("Keyward; fwd=bypass; detail=no-store"));
    post("only-if-cached").await.assert_error(504, "not_cached");
    post("only-if-cached, no-store").await.assert_error(504, "not_cached");
    assert_eq!(status(&post("max-age=60").await), Some("Keyward; fwd=miss; stored"));
    gate.clock.advance(10);
    assert_eq!(status(&post("only-if-cached").await), Some("Keyward; hit; ttl=50"));
    assert_eq!(status(&post("max-age=10, min-fresh=50").await), Some("Keyward; hit; ttl=50"));
    assert_eq!(status(&post("no-store").await), Some("Keyward; fwd=bypass; detail=no-store"));
    post("only-if-cached, max-age=9").await.assert_error(504, "not_cached");
    post("only-if-cached, no-cache").await.assert_error(504, "not_cached");
    for (value, left) in [("max-age=9", 60), ("min-fresh=61", 60), ("no-cache", 60)] {
        assert_eq!(status(&post(value).await), Some("Keyward; fwd=request; stored"), "{value}");
        assert_eq!(status(&post("max-age=0").await), Some(&*format!("Keyward; hit; ttl={left}")), "{value}");
        gate.clock.advance(10);
    }
    assert_eq!(provider.seen(), 6);
}

#[tokio::test]
async fn an_answer_is_given_for_as_long_as_the_project_says() {
    let (gate, mut provider, key) = caching().await;
    provider.always_answer(CHAT_ANSWER);
    let told = async || status(&gate.chat(&key).await).unwrap().to_owned();
    assert_eq!(told().await, "Keyward; fwd=miss; stored");
    gate.clock.advance(59);
    assert_eq!(told().await, "Keyward; hit; ttl=1");
    gate.clock.advance(1);
    assert_eq!(told().await, "Keyward; fwd=miss; stored");
    // A shorter time holds for what is kept already, a longer one doesn't.
    gate.clock.advance(30);
    gate.set_cache(ProjectCache { ttl_seconds: 30, ..ON });
    assert_eq!(told().await, "Keyward; fwd=miss; stored");
    gate.set_cache(ProjectCache { ttl_seconds: 1000, ..ON });
    gate.clock.advance(30);
    assert_eq!(told().await, "Keyward; fwd=miss; stored");
    assert_eq!(told().await, "Keyward; hit; ttl=1000");
    // Emptied, and switched off and on again.
    gate.set_cache(ProjectCache { generation: 1, ..ON });
    assert_eq!(told().await, "Keyward; fwd=miss; stored");
    gate.set_cache(ProjectCache { generation: 2, enabled: false, ..ON });
    assert_eq!(status(&gate.chat(&key).await), None);
    gate.set_cache(ProjectCache { generation: 2, ..ON });
    assert_eq!(told().await, "Keyward; fwd=miss; stored");
}

#[tokio::test]
async fn an_answer_that_was_on_its_way_when_the_cache_was_emptied_is_not_given() {
    let (gate, mut provider, key) = caching().await;
    let (_, ()) = tokio::join!(gate.chat(&key), async {
        let exchange = provider.next().await;
        gate.set_cache(ProjectCache { generation: 1, ..ON });
        exchange.json(200, CHAT_ANSWER).await;
    });
    provider.always_answer(CHAT_ANSWER);
    assert_eq!(status(&gate.chat(&key).await), Some("Keyward; fwd=miss; stored"));
}

#[tokio::test]
async fn what_a_provider_keeps_or_looks_up_goes_past_the_cache() {
    let (gate, mut provider, key) = caching().await;
    let response = r#"{"id":"resp_1","object":"response","status":"completed","error":null}"#;
    for (path, body, told) in [
        ("/v1/responses", r#"{"model":"m","input":"x"}"#, "fwd=bypass; detail=stored-at-provider"),
        ("/v1/responses", r#"{"model":"m","input":"x","store":true}"#, "fwd=bypass; detail=stored-at-provider"),
        (PATH, r#"{"model":"m","store":true}"#, "fwd=bypass; detail=stored-at-provider"),
        (
            "/v1/responses",
            r#"{"model":"m","store":false,"tools":[{"type":"web_search"}]}"#,
            "fwd=bypass; detail=provider-tool",
        ),
        ("/v1/images/generations", r#"{"model":"m","prompt":"x"}"#, "fwd=bypass; detail=operation"),
        (PATH, r#"{"model":"m","x":{"a":1,"a":2}}"#, "fwd=bypass; detail=body"),
    ] {
        for _ in 0..2 {
            let answer = asked(&gate, (&mut provider, &key), (path, &[], body), (200, JSON, response)).await;
            assert_eq!(status(&answer), Some(&*format!("Keyward; {told}")), "{body}");
        }
        let only = post(&gate, &key, path, &[("cache-control", "only-if-cached")], body).await;
        only.assert_error(504, "not_cached");
    }
    let body = r#"{"model":"m","input":"x","store":false}"#;
    asked(&gate, (&mut provider, &key), ("/v1/responses", &[], body), (200, JSON, response)).await;
    let again = gate.post(&key, "/v1/responses", body).await;
    assert_eq!((status(&again), again.text()), (Some("Keyward; hit; ttl=60"), response));
}

#[tokio::test]
async fn every_dialect_and_sound_is_answered_again() {
    let (gate, mut provider, key) = Gate::with_anthropic().await;
    gate.set_cache(ON);
    let message = r#"{"id":"msg_1","type":"message","content":[],"usage":{"input_tokens":1,"output_tokens":2}}"#;
    let body = r#"{"model":"claude","max_tokens":5,"messages":[]}"#;
    let ask = async |provider: &mut TestProvider, headers: &[(&str, &str)]| {
        let answer = asked(&gate, (provider, &key), ("/v1/messages", headers, body), (200, JSON, message)).await;
        assert_eq!(status(&answer), Some("Keyward; fwd=miss; stored"), "{headers:?}");
        let again = post(&gate, &key, "/v1/messages", headers, body).await;
        assert_eq!((status(&again), again.text()), (Some("Keyward; hit; ttl=60"), message));
    };
    ask(&mut provider, &[]).await;
    ask(&mut provider, &[("anthropic-version", "2023-06-01")]).await;
    ask(&mut provider, &[("anthropic-version", "2023-06-01"), ("anthropic-beta", "a")]).await;
    ask(&mut provider, &[("accept", "application/json")]).await;

    let (gate, mut provider, key) = caching().await;
    let body = r#"{"model":"tts","input":"Hi","voice":"alloy"}"#;
    let sound = "content-type: audio/mpeg\r\n";
    asked(&gate, (&mut provider, &key), ("/v1/audio/speech", &[], body), (200, sound, "\u{1}\u{2}")).await;
    let again = gate.post(&key, "/v1/audio/speech", body).await;
    assert_eq!((again.text(), again.header("content-type")), ("\u{1}\u{2}", Some("audio/mpeg")));
    // Sound whose end only a closed connection tells may be half of it.
    let other = r#"{"model":"tts","input":"Ho","voice":"alloy"}"#;
    for _ in 0..2 {
        let (answer, ()) = tokio::join!(gate.post(&key, "/v1/audio/speech", other), async {
            let mut exchange = provider.next().await;
            exchange.send("HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\n\r\nab").await;
            exchange.break_off();
        });
        assert_eq!(answer.text(), "ab");
    }
}
