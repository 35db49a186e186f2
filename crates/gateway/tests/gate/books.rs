//! What the journal holds of each call, and what happens when it can't be
//! written.

use keyward_domain::provider::Provider;

use crate::support::{CHAT_ANSWER, Gate, Setup, TestProvider};

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

/// A journal whose every record needs a new file.
fn brittle() -> Setup {
    let mut setup = Setup { segment_bytes: 0, ..Setup::default() };
    // One core, so that the same one keeps and refuses.
    setup.options.cores = 1;
    setup
}

#[tokio::test]
async fn a_journal_that_cannot_be_written_lets_no_call_out_and_loses_none() {
    let gate = Gate::start_with(brittle());
    let mut provider = TestProvider::start().await;
    gate.put_credentials(vec![gate.credential(Provider::OpenAi, &provider)]);
    let (key, capped) = (gate.key(), gate.key_with(Some(5), Default::default()));
    let aside = gate.journal_directory.with_file_name("aside");

    let breaks = async {
        let exchange = provider.next().await;
        std::fs::rename(&gate.journal_directory, &aside).unwrap();
        exchange.json(200, CHAT_ANSWER).await;
    };
    let (answer, ()) = tokio::join!(gate.chat(&key), breaks);
    assert_eq!(answer.status, 200);

    gate.chat(&key).await.assert_error(503, "usage_journal_unavailable");
    gate.chat(&capped).await.assert_error(503, "usage_journal_unavailable");
    assert_eq!(provider.seen(), 1);

    std::fs::rename(&aside, &gate.journal_directory).unwrap();
    provider.always_answer(CHAT_ANSWER);
    assert_eq!(gate.chat(&capped).await.status, 200);
    assert_eq!(gate.chat(&key).await.status, 200);
    let counted = |key: uuid::Uuid| -> (i32, u64) {
        let records = gate.records();
        let of_key = records.iter().filter(|record| record.api_key == key);
        of_key.fold((0, 0), |sum, record| (sum.0 + record.requests, sum.1 + record.output_tokens))
    };
    assert_eq!(counted(key.key.id.uuid()), (2, 14));
    assert_eq!(counted(capped.key.id.uuid()), (1, 7));
}

#[tokio::test]
async fn a_refused_admission_gives_the_count_back() {
    let gate = Gate::start_with(brittle());
    let mut provider = TestProvider::start().await;
    provider.always_answer(CHAT_ANSWER);
    gate.put_credentials(vec![gate.credential(Provider::OpenAi, &provider)]);
    let key = gate.key_with(Some(2), Default::default());
    // The first record still fits into the file that is open.
    assert_eq!(gate.chat(&key).await.status, 200);
    let aside = gate.journal_directory.with_file_name("aside");
    std::fs::rename(&gate.journal_directory, &aside).unwrap();
    for _ in 0..5 {
        gate.chat(&key).await.assert_error(503, "usage_journal_unavailable");
    }
    std::fs::rename(&aside, &gate.journal_directory).unwrap();
    assert_eq!(gate.chat(&key).await.status, 200);
    gate.chat(&key).await.assert_error(429, "request_cap_reached");
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
