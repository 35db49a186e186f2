//! What the journal holds of each call.

use keyward_domain::{
    provider::Provider,
    usage::{CallKind, ServiceTier},
};

use crate::support::{CHAT_ANSWER, Gate};

#[tokio::test]
async fn a_record_says_who_called_with_what_and_how_much() {
    let (gate, mut provider, _) = Gate::with_provider().await;
    provider.always_answer(
        r#"{"usage":{"prompt_tokens":90,"completion_tokens":40,"prompt_tokens_details":{"cached_tokens":64},"completion_tokens_details":{"reasoning_tokens":30}}}"#,
    );
    let credential = gate.credential(Provider::OpenAi, &provider);
    gate.put_credentials(vec![credential.clone()]);
    let key = gate.key();
    let headers = [("authorization", &*key.bearer()), ("x-forwarded-for", "192.0.2.7")];
    gate.connect().await.post("/v1/chat/completions", &headers, r#"{"model":"m"}"#).await;
    let records = gate.records();
    let [record] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!(record.at_ms, 1_800_000_000_000);
    assert_eq!(record.api_key, key.key.id.uuid());
    assert_eq!(record.project, key.key.project.uuid());
    assert_eq!(record.credential, Some(credential.id.uuid()));
    assert_eq!(record.ip, Some("192.0.2.7".parse().unwrap()));
    assert_eq!((record.requests, record.sent, record.previous_secret), (1, true, false));
    assert_eq!((record.input_tokens, record.output_tokens), (90, 40));
    assert_eq!((record.cached_input_tokens, record.reasoning_tokens), (64, 30));
}

#[tokio::test]
async fn the_record_is_there_when_the_answer_is() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    provider.always_answer(CHAT_ANSWER);
    for calls in 1..=50 {
        assert_eq!(gate.chat(&key).await.status, 200);
        assert_eq!(gate.records().len(), calls);
    }
}

#[tokio::test]
async fn the_overlap_of_a_rotation_is_told_apart() {
    let (gate, mut provider, mut key) = Gate::with_provider().await;
    provider.always_answer(CHAT_ANSWER);
    let next = gate.unknown_secret();
    let now = keyward_domain::Clock::now(&*gate.clock);
    let pepper = keyward_domain::secret::Pepper::new([9; 32]);
    gate.change(&mut key, |key| key.rotate(&next, &pepper, jiff::SignedDuration::from_secs(60), now).unwrap());
    assert_eq!(gate.chat(&key).await.status, 200);
    key.secret = next;
    assert_eq!(gate.chat(&key).await.status, 200);
    let used: Vec<_> = gate.records().iter().map(|record| record.previous_secret).collect();
    assert_eq!(used, [true, false]);
}

#[tokio::test]
async fn a_call_is_priced_when_it_ends_by_what_the_provider_says() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    let chat = |model: &str| format!(r#"{{"model":"{model}","messages":[]}}"#);
    let usage = r#"{"service_tier":"default","usage":{"prompt_tokens":1000,"completion_tokens":100,"prompt_tokens_details":{"cached_tokens":600}}}"#;
    provider.always_answer(usage);
    gate.put_credentials(vec![gate.credential(Provider::OpenAi, &provider)]);
    for model in ["gpt-4o-mini", "never-heard-of"] {
        gate.connect().await.post("/v1/chat/completions", &[("authorization", &*key.bearer())], &chat(model)).await;
    }
    let records = gate.records();
    let [priced, unknown] = records.as_slice() else { panic!("{records:?}") };
    // 400 at 0.15, 600 at 0.075 and 100 at 0.60 dollars for a million.
    assert_eq!(priced.cost_nanos, Some(60_000 + 45_000 + 60_000));
    assert_eq!(priced.model.parts(), Some(("openai", "gpt-4o-mini")));
    assert_eq!((priced.kind, priced.tier), (CallKind::Completions, ServiceTier::Usual));
    assert_eq!((unknown.cost_nanos, unknown.input_tokens), (None, 1000), "no price is made up");
}
