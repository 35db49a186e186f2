//! Rate limits in shadow mode: they tell what they would refuse, and refuse nothing.

use std::sync::Arc;

use keyward_access::{Admitted, CallEnd, LimitStore, LimitsUnavailable, SharedLimit};
use keyward_domain::{
    Timestamp,
    api_key::KeyAccess,
    decision::{Check, Verdict},
    limit::{Limits, Measure},
    provider::Provider,
    provider_resource::ResourceKind,
};

use crate::support::{Answer, CHAT, CHAT_ANSWER, Client, Gate, Kept, Setup, TestKey, TestProvider};

fn requests(number: u64) -> Limits {
    Limits { requests_per_minute: Some(number), ..Limits::default() }
}

fn shadow(limits: Limits) -> Limits {
    Limits { shadow: true, ..limits }
}

fn limited(gate: &Gate, limits: Limits) -> TestKey {
    gate.key_with(None, KeyAccess { limits, ..KeyAccess::default() })
}

/// What a decision says of each limit: what is left, and whether it would refuse.
fn met(gate: &Gate, answer: &Answer) -> Vec<(Measure, u64, bool, bool)> {
    let decision = gate.decision_of(answer);
    decision.limits.iter().map(|met| (met.measure, met.remaining, met.shadow, met.would_refuse)).collect()
}

fn counted(gate: &Gate) -> Vec<(&'static str, u64)> {
    gate.metrics().snapshot().shadow_refusals.into_iter().collect()
}

#[tokio::test]
async fn a_call_beyond_a_limit_in_shadow_mode_passes_and_is_told_of_to_operators_alone() {
    let (gate, mut provider, _) = Gate::with_provider().await;
    provider.always_answer(CHAT_ANSWER);
    let key = limited(&gate, shadow(Limits { tokens_per_minute: Some(1_000), ..requests(2) }));
    for (left, would_refuse) in [(1, false), (0, false), (0, true), (0, true)] {
        let answer = gate.chat(&key).await;
        assert_eq!(answer.status, 200);
        for header in ["x-ratelimit-limit-requests", "x-ratelimit-remaining-tokens", "retry-after"] {
            assert_eq!(answer.header(header), None, "callers aren't told");
        }
        let decision = gate.decision_of(&answer);
        assert_eq!((decision.verdict, decision.status, decision.reason), (Verdict::LetThrough, 200, None));
        let told = met(&gate, &answer);
        assert_eq!(told[0], (Measure::Requests, left, true, would_refuse));
        assert_eq!((told[1].0, told[1].3), (Measure::Tokens, false), "it would be refused by its requests");
    }
    assert_eq!((counted(&gate), provider.seen()), (vec![("rate_limit_exceeded", 2)], 4));
    // What it would have refused it didn't count: a place comes back as for an enforced one.
    gate.clock.advance(30);
    assert_eq!(met(&gate, &gate.chat(&key).await)[0], (Measure::Requests, 0, true, false));
    assert_eq!(counted(&gate), [("rate_limit_exceeded", 2)]);
}

#[tokio::test]
async fn an_enforced_limit_beside_it_refuses_as_before_and_alone_is_told_to_callers() {
    let (gate, mut provider, _) = Gate::with_provider().await;
    provider.always_answer(CHAT_ANSWER);
    gate.set_limits(&[(None, shadow(requests(1))), (Some("gpt-4o*"), requests(3))]);
    let key = gate.key();
    for (left, would_refuse) in [("2", false), ("1", true), ("0", true)] {
        let answer = gate.chat(&key).await;
        assert_eq!((answer.status, answer.header("x-ratelimit-limit-requests")), (200, Some("3")));
        assert_eq!(answer.header("x-ratelimit-remaining-requests"), Some(left));
        assert!(met(&gate, &answer).contains(&(Measure::Requests, 0, true, would_refuse)));
    }
    let refused = gate.chat(&key).await;
    refused.assert_error(429, "rate_limit_exceeded");
    assert_eq!(refused.header("x-ratelimit-limit-requests"), Some("3"));
    assert_eq!(refused.header("retry-after"), Some("20"), "of the enforced one");
    assert_eq!(gate.decision_of(&refused).reason.unwrap().check, Some(Check::RateLimit));
    assert_eq!(met(&gate, &refused), [(Measure::Requests, 0, true, true), (Measure::Requests, 0, false, false)]);
    assert_eq!((counted(&gate), provider.seen()), (vec![("rate_limit_exceeded", 2)], 3), "it was refused anyway");
}

#[tokio::test]
async fn calls_at_one_time_are_counted_as_far_as_they_would_be_let_through() {
    let (gate, mut provider, _) = Gate::with_provider().await;
    let mut key = limited(&gate, shadow(Limits { parallel_requests: Some(1), ..Limits::default() }));
    let call = Client::request("POST", "/v1/chat/completions", &[("authorization", &key.bearer())], CHAT);
    let (mut first, mut second) = (gate.connect().await, gate.connect().await);
    first.send(&call).await;
    let exchange = provider.next().await;
    second.send(&call).await;
    let other = provider.next().await;
    // The one that it would have refused ends first, and frees no place.
    other.json(200, CHAT_ANSWER).await;
    assert_eq!(met(&gate, &second.answer().await), [(Measure::Parallel, 0, true, true)]);
    gate.change(&mut key, |key| key.access.limits.shadow = false);
    gate.chat(&key).await.assert_error(429, "rate_limit_exceeded");
    exchange.json(200, CHAT_ANSWER).await;
    assert_eq!(met(&gate, &first.answer().await), [(Measure::Parallel, 0, true, false)]);
    provider.always_answer(CHAT_ANSWER);
    assert_eq!(gate.chat(&key).await.status, 200);
}

#[tokio::test]
async fn a_limit_that_leaves_shadow_mode_goes_on_with_what_it_counted() {
    let (gate, mut provider, _) = Gate::with_provider().await;
    provider.always_answer(CHAT_ANSWER);
    let mut key = limited(&gate, shadow(requests(2)));
    for _ in 0..5 {
        assert_eq!(gate.chat(&key).await.status, 200);
    }
    gate.change(&mut key, |key| key.access.limits.shadow = false);
    let refused = gate.chat(&key).await;
    refused.assert_error(429, "rate_limit_exceeded");
    assert_eq!(refused.header("retry-after"), Some("30"), "five calls made no debt");
}

#[tokio::test]
async fn a_batch_passes_and_is_told_of_without_being_counted() {
    let (gate, mut provider, _) = Gate::with_provider().await;
    provider.always_answer(r#"{"id":"batch_1","object":"batch"}"#);
    let credential = gate.credential(Provider::OpenAiCompatible, &provider);
    gate.kept.put(Kept::of(ResourceKind::File), "file-1", credential.id);
    gate.put_credentials(vec![credential]);
    gate.set_limits(&[(Some("o3"), shadow(requests(5))), (None, shadow(requests(7)))]);
    let body = r#"{"input_file_id":"file-1"}"#;
    for _ in 0..2 {
        let answer = gate.post(&gate.key(), "/v1/batches", body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(met(&gate, &answer), [(Measure::Requests, 4, true, true), (Measure::Requests, 6, true, true)]);
    }
    assert_eq!(counted(&gate), [("batch_not_allowed", 2)]);
    gate.set_limits(&[(Some("o3"), shadow(requests(5))), (None, requests(7))]);
    gate.post(&gate.key(), "/v1/batches", body).await.assert_error(403, "batch_not_allowed");
    assert_eq!(counted(&gate), [("batch_not_allowed", 2)]);
}

#[tokio::test]
async fn the_limits_of_another_model_that_answers_are_told_of_too() {
    let gate = Gate::start();
    let (broken, mut well) = (TestProvider::start().await, TestProvider::start().await);
    well.always_answer(CHAT_ANSWER);
    let entry = |at, model, priority| {
        let entry = gate.credential_with(Provider::OpenAiCompatible, at, &[("gpt-4o", model)]);
        Arc::new(keyward_access::CredentialEntry { priority, ..Arc::into_inner(entry).unwrap() })
    };
    gate.put_credentials(vec![entry(&broken, "one", 0), entry(&well, "two", 1)]);
    drop(broken);
    gate.set_limits(&[(Some("two"), shadow(requests(1)))]);
    let key = gate.key();
    for would_refuse in [false, true] {
        let answer = gate.chat(&key).await;
        assert_eq!(answer.status, 200);
        assert_eq!(met(&gate, &answer), [(Measure::Requests, 0, true, would_refuse)]);
    }
    assert_eq!(counted(&gate), [("rate_limit_exceeded", 1)]);
}

/// Counts kept elsewhere, out of reach.
struct Away;

type Pending<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl LimitStore for Away {
    fn admit(&self, _: Vec<SharedLimit>, _: u64, _: Timestamp) -> Pending<'_, Result<Admitted, LimitsUnavailable>> {
        Box::pin(async {
            tokio::task::yield_now().await;
            Err(LimitsUnavailable)
        })
    }

    fn end(self: Arc<Self>, limits: Vec<SharedLimit>, _: u64, _: CallEnd) -> Pending<'static, ()> {
        panic!("{limits:?} counted nothing")
    }
}

#[tokio::test]
async fn calls_under_limits_in_shadow_mode_alone_go_on_while_the_counts_are_away() {
    let gate = Gate::start_with(Setup { shared_limits: Some(Arc::new(Away)), ..Setup::default() });
    let mut provider = TestProvider::start().await;
    provider.always_answer(CHAT_ANSWER);
    gate.put_credentials(vec![gate.credential(Provider::OpenAiCompatible, &provider)]);
    gate.set_limits(&[(None, shadow(requests(1)))]);
    let (key, enforced) = (gate.key(), limited(&gate, requests(9)));
    for _ in 0..3 {
        let answer = gate.chat(&key).await;
        assert_eq!((answer.status, met(&gate, &answer)), (200, Vec::new()));
        gate.chat(&enforced).await.assert_error(503, "database_unavailable");
    }
    assert_eq!((counted(&gate), provider.seen()), (Vec::new(), 3));
}
