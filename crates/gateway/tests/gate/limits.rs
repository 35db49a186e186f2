//! Rate limits: requests and tokens a minute, calls at one time; of keys,
//! projects and models.

use std::{
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
};

use keyward_access::{Admitted, CallEnd, LimitReached, LimitStore, LimitsUnavailable, SharedLimit, nanoseconds};
use keyward_domain::{
    Timestamp,
    api_key::KeyAccess,
    decision::Check,
    limit::{LimitState, Limits, Look},
    provider::Provider,
};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::support::{CHAT, CHAT_ANSWER, Client, Gate, Setup, TestKey, TestProvider};

fn requests(number: u64) -> Limits {
    Limits { requests_per_minute: Some(number), ..Limits::default() }
}

fn tokens(number: u64) -> Limits {
    Limits { tokens_per_minute: Some(number), ..Limits::default() }
}

fn parallel(number: u64) -> Limits {
    Limits { parallel_requests: Some(number), ..Limits::default() }
}

fn limited(gate: &Gate, limits: Limits) -> TestKey {
    gate.key_with(None, KeyAccess { limits, ..KeyAccess::default() })
}

#[tokio::test]
async fn a_minutes_requests_are_let_through_and_then_one_at_a_time() {
    let (gate, mut provider, _) = Gate::with_provider().await;
    provider.always_answer(CHAT_ANSWER);
    let key = limited(&gate, requests(3));
    for left in ["2", "1", "0"] {
        let answer = gate.chat(&key).await;
        assert_eq!((answer.status, answer.header("x-ratelimit-remaining-requests")), (200, Some(left)));
        assert_eq!(answer.header("x-ratelimit-limit-requests"), Some("3"));
        assert_eq!(answer.header("x-ratelimit-limit-tokens"), None);
    }
    for _ in 0..2 {
        let refused = gate.chat(&key).await;
        refused.assert_error(429, "rate_limit_exceeded");
        assert_eq!(refused.json()["error"]["type"], "rate_limit_error");
        assert!(refused.text().contains("this API key: 3 requests a minute. Try again in 20 s."), "{}", refused.text());
        let told = ["retry-after", "retry-after-ms", "x-ratelimit-reset-requests", "x-should-retry"];
        assert_eq!(told.map(|name| refused.header(name)), [Some("20"), Some("20000"), Some("1m0s"), None]);
    }
    gate.clock.advance(20);
    assert_eq!(gate.chat(&key).await.status, 200);
    gate.chat(&key).await.assert_error(429, "rate_limit_exceeded");
    assert_eq!(provider.seen(), 4);
}

#[tokio::test]
async fn a_limit_is_exact_under_two_hundred_parallel_calls() {
    let (gate, mut provider, _) = Gate::with_provider().await;
    provider.always_answer(CHAT_ANSWER);
    let key = limited(&gate, requests(37));
    let mut calls = JoinSet::new();
    for _ in 0..200 {
        let (address, bearer) = (gate.address, key.bearer());
        calls.spawn(async move {
            let mut client = Client::connect(address).await;
            client.post("/v1/chat/completions", &[("authorization", &bearer)], CHAT).await.status
        });
    }
    let statuses = calls.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 37);
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 163);
    assert_eq!(provider.seen(), 37);
}

#[tokio::test]
async fn tokens_are_estimated_before_a_call_and_corrected_after_it() {
    let (gate, mut provider, _) = Gate::with_provider().await;
    provider.always_answer(CHAT_ANSWER);
    let key = limited(&gate, tokens(60));
    // 63 bytes of body are about 15 tokens; the answer says 18.
    let answer = gate.chat(&key).await;
    assert_eq!(answer.header("x-ratelimit-remaining-tokens"), Some("45"));
    let answer = gate.chat(&key).await;
    assert_eq!(answer.header("x-ratelimit-remaining-tokens"), Some("27"));
    // What the caller wants at most counts, too.
    let body = r#"{"model":"gpt-4o","messages":[],"max_tokens":500}"#;
    let refused = gate.post(&key, "/v1/chat/completions", body).await;
    refused.assert_error(429, "rate_limit_exceeded");
    assert!(refused.text().contains("60 tokens a minute"), "{}", refused.text());
    // More than there ever is waits for all there is, and then goes.
    gate.clock.advance(36);
    assert_eq!(gate.post(&key, "/v1/chat/completions", body).await.status, 200);
    let answer = gate.chat(&key).await;
    assert_eq!(answer.header("x-ratelimit-remaining-tokens"), Some("27"));
}

#[tokio::test]
async fn what_a_provider_refuses_or_never_saw_uses_no_tokens() {
    let (gate, mut provider, _) = Gate::with_provider().await;
    let key = limited(&gate, Limits { requests_per_minute: Some(5), ..tokens(60) });
    for status in [400, 500, 401] {
        let providing = async { provider.next().await.json(status, "{}").await };
        tokio::join!(gate.chat(&key), providing);
    }
    drop(provider);
    gate.chat(&key).await.assert_error(502, "provider_unreachable");
    let mut provider = TestProvider::start().await;
    provider.always_answer(CHAT_ANSWER);
    gate.put_credentials(vec![gate.credential(Provider::OpenAiCompatible, &provider)]);
    let answer = gate.chat(&key).await;
    let left = ["x-ratelimit-remaining-requests", "x-ratelimit-remaining-tokens"].map(|name| answer.header(name));
    assert_eq!(left, [Some("1"), Some("45")]);
}

#[tokio::test]
async fn calls_at_one_time_are_bounded_and_their_places_never_leak() {
    let (gate, mut provider, _) = Gate::with_provider().await;
    let key = limited(&gate, parallel(2));
    let call = Client::request("POST", "/v1/chat/completions", &[("authorization", &key.bearer())], CHAT);
    for end in ["whole", "hang up", "garbage", "refused"] {
        let (mut first, mut second) = (gate.connect().await, gate.connect().await);
        first.send(&call).await;
        let exchange = provider.next().await;
        second.send(&call).await;
        let other = provider.next().await;
        let refused = gate.chat(&key).await;
        refused.assert_error(429, "rate_limit_exceeded");
        assert_eq!(refused.header("retry-after"), Some("1"));
        match end {
            "whole" => exchange.json(200, CHAT_ANSWER).await,
            "refused" => exchange.json(429, "{}").await,
            "garbage" => {
                let mut exchange = exchange;
                exchange.send("garbage\r\n\r\n").await;
            }
            _ => {
                let mut exchange = exchange;
                first.hang_up();
                exchange.closed().await;
                first = gate.connect().await;
            }
        }
        if end != "hang up" {
            first.answer().await;
        }
        other.json(200, CHAT_ANSWER).await;
        second.answer().await;
    }
    let mut stream = gate.connect().await;
    let body = r#"{"model":"gpt-4o","messages":[],"stream":true}"#;
    stream.send(Client::request("POST", "/v1/chat/completions", &[("authorization", &key.bearer())], body)).await;
    let mut exchange = provider.next().await;
    exchange.begin_stream().await;
    exchange.frame("data: {\"choices\":[]}\n\n").await;
    stream.head().await;
    let mut second = gate.connect().await;
    second.send(&call).await;
    let other = provider.next().await;
    gate.chat(&key).await.assert_error(429, "rate_limit_exceeded");
    stream.hang_up();
    exchange.closed().await;
    let providing = async { provider.next().await.json(200, CHAT_ANSWER).await };
    let (answer, ()) = tokio::join!(gate.chat(&key), providing);
    assert_eq!(answer.status, 200);
    other.json(200, CHAT_ANSWER).await;
    second.answer().await;
}

#[tokio::test]
async fn limits_of_a_model_hold_it_by_each_of_its_names_and_count_all_keys() {
    let gate = Gate::start();
    let mut provider = TestProvider::start().await;
    provider.always_answer(CHAT_ANSWER);
    gate.put_credentials(vec![gate.credential_with(Provider::OpenAi, &provider, &[("fast", "gpt-4o-mini")])]);
    gate.set_limits(&[(Some("GPT-4o*"), requests(3)), (None, requests(5))]);
    let (one, other) = (gate.key(), gate.key());
    let chat = |model: &str| format!(r#"{{"model":"{model}","messages":[]}}"#);
    for (key, model) in [(&one, "gpt-4o"), (&other, "fast"), (&one, "openai/gpt-4o-mini")] {
        assert_eq!(gate.post(key, "/v1/chat/completions", &chat(model)).await.status, 200);
    }
    let refused = gate.post(&other, "/v1/chat/completions", &chat("fast")).await;
    refused.assert_error(429, "rate_limit_exceeded");
    assert!(refused.text().contains("the model GPT-4o* in this project"), "{}", refused.text());
    for left in ["1", "0"] {
        let answer = gate.post(&one, "/v1/chat/completions", &chat("o3")).await;
        assert_eq!((answer.status, answer.header("x-ratelimit-remaining-requests")), (200, Some(left)));
    }
    let refused = gate.post(&one, "/v1/chat/completions", &chat("o3")).await;
    refused.assert_error(429, "rate_limit_exceeded");
    assert!(refused.text().contains("the project of this API key: 5 requests"), "{}", refused.text());
}

#[tokio::test]
async fn a_refusal_consumes_nothing_of_a_cap_nor_of_another_limit() {
    let (gate, mut provider, _) = Gate::with_provider().await;
    provider.always_answer(CHAT_ANSWER);
    gate.set_limits(&[(None, requests(3))]);
    let slow = gate.key_with(Some(2), KeyAccess { limits: requests(1), ..KeyAccess::default() });
    assert_eq!(gate.chat(&slow).await.status, 200);
    for _ in 0..5 {
        gate.chat(&slow).await.assert_error(429, "rate_limit_exceeded");
    }
    gate.post(&slow, "/v1/chat/completions", "{").await.assert_error(400, "invalid_request_body");
    let quick = gate.key();
    for _ in 0..2 {
        assert_eq!(gate.chat(&quick).await.status, 200);
    }
    gate.clock.advance(60);
    assert_eq!(gate.chat(&slow).await.status, 200);
    // The cap stands before the limits.
    gate.chat(&slow).await.assert_error(429, "request_cap_reached");
}

#[tokio::test]
async fn a_changed_limit_goes_on_counting() {
    let (gate, mut provider, _) = Gate::with_provider().await;
    provider.always_answer(CHAT_ANSWER);
    let mut key = limited(&gate, requests(2));
    for _ in 0..2 {
        assert_eq!(gate.chat(&key).await.status, 200);
    }
    gate.change(&mut key, |key| key.environment = Some("staging".to_owned()));
    gate.chat(&key).await.assert_error(429, "rate_limit_exceeded");
    gate.change(&mut key, |key| key.access.limits = Limits::default());
    let answer = gate.chat(&key).await;
    assert_eq!((answer.status, answer.header("x-ratelimit-limit-requests")), (200, None));
}

#[tokio::test]
async fn callers_of_anthropics_dialect_are_told_in_it() {
    let (gate, mut provider, _) = Gate::with_anthropic().await;
    provider.always_answer(r#"{"type":"message","usage":{"input_tokens":3,"output_tokens":4}}"#);
    let key = limited(&gate, requests(1));
    let message = r#"{"model":"claude","max_tokens":9,"messages":[]}"#;
    let answer = gate.post(&key, "/v1/messages", message).await;
    assert_eq!((answer.status, answer.header("anthropic-ratelimit-requests-remaining")), (200, Some("0")));
    let refused = gate.post(&key, "/v1/messages", message).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("60")));
    assert_eq!(refused.json()["error"]["type"], "rate_limit_error");
    assert_eq!(refused.json()["error"]["code"], "rate_limit_exceeded");
}

#[tokio::test]
async fn without_a_credential_the_limits_are_asked_first_and_count_nothing() {
    let gate = Gate::start();
    let key = limited(&gate, requests(1));
    for _ in 0..3 {
        gate.chat(&key).await.assert_error(503, "provider_not_configured");
    }
}

/// Counts kept elsewhere, which can be out of reach.
#[derive(Default)]
struct Elsewhere {
    states: Mutex<HashMap<Uuid, LimitState>>,
    down: Mutex<bool>,
}

type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl LimitStore for Elsewhere {
    fn admit(
        &self,
        limits: Vec<SharedLimit>,
        tokens: u64,
        now: Timestamp,
    ) -> Pending<'_, Result<Admitted, LimitsUnavailable>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            if *self.down.lock().unwrap() {
                return Err(LimitsUnavailable);
            }
            let mut states = self.states.lock().unwrap();
            let state = states.entry(limits[0].id).or_default();
            let (numbers, at) = (&limits[0].limits, nanoseconds(now));
            Ok(match Look::admit(*state, numbers, tokens, at) {
                Ok(look) => {
                    *state = look.state;
                    Ok(vec![look])
                }
                Err(exceeded) => {
                    Err(LimitReached { at: 0, exceeded, looks: vec![Look::refused(*state, numbers, tokens, at)] })
                }
            })
        })
    }

    fn end(self: Arc<Self>, limits: Vec<SharedLimit>, tokens: u64, end: CallEnd) -> Pending<'static, ()> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let mut states = self.states.lock().unwrap();
            let state = states.entry(limits[0].id).or_default();
            *state = end.apply(*state, &limits[0].limits, tokens);
        })
    }
}

#[tokio::test]
async fn limits_that_are_counted_elsewhere_hold_and_are_never_passed_over() {
    let elsewhere = Arc::new(Elsewhere::default());
    let gate = Gate::start_with(Setup { shared_limits: Some(elsewhere.clone()), ..Setup::default() });
    let mut provider = TestProvider::start().await;
    provider.always_answer(CHAT_ANSWER);
    gate.put_credentials(vec![gate.credential(Provider::OpenAiCompatible, &provider)]);
    let key = limited(&gate, Limits { requests_per_minute: Some(2), ..parallel(1) });
    for left in ["1", "0"] {
        let answer = gate.chat(&key).await;
        assert_eq!((answer.status, answer.header("x-ratelimit-remaining-requests")), (200, Some(left)));
        // The end is counted without anybody waiting for it.
        while elsewhere.states.lock().unwrap().values().any(|state| state.running > 0) {
            tokio::task::yield_now().await;
        }
    }
    let refused = gate.chat(&key).await;
    refused.assert_error(429, "rate_limit_exceeded");
    let left: Vec<_> = gate.decision_of(&refused).limits.iter().map(|met| (met.limit, met.remaining)).collect();
    assert_eq!(left, [(2, 0), (1, 1)]);
    *elsewhere.down.lock().unwrap() = true;
    let refused = gate.chat(&key).await;
    refused.assert_error(503, "database_unavailable");
    let decision = gate.decision_of(&refused);
    assert_eq!((decision.reason.unwrap().check, decision.limits.len()), (Some(Check::RateLimit), 0));
    assert_eq!(gate.chat(&gate.key()).await.status, 200);
    assert_eq!(provider.seen(), 3);
}
