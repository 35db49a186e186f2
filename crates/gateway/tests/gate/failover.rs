//! Several credentials for one model: who is asked next when one fails, when
//! nobody is, and what caps, limits and books make of it.

use std::{sync::Arc, time::Duration};

use keyward_access::CredentialEntry;
use keyward_domain::{
    limit::Limits,
    model::{ModelMode, ModelPatterns, ModelPermissions},
    provider::Provider,
    weight::Weight,
};

use crate::support::{Answer, CHAT_ANSWER, Client, Exchange, Gate, Setup, TestKey, TestProvider};

const BODY: &str = r#"{"model":"m"}"#;
const CHAT: &str = "/v1/chat/completions";

fn entry(gate: &Gate, at: &TestProvider, model: &str, priority: i32) -> CredentialEntry {
    let entry = gate.credential_with(Provider::OpenAiCompatible, at, &[("m", model)]);
    CredentialEntry { priority, ..Arc::into_inner(entry).unwrap() }
}

/// Where nobody listens.
fn closed(gate: &Gate, model: &str, priority: i32) -> CredentialEntry {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let entry = gate.bare_credential(Provider::OpenAiCompatible);
    let aliases = keyward_domain::credential::Aliases([("m".to_owned(), model.to_owned())].into());
    CredentialEntry { base_url: Some(format!("http://{address}/v1")), aliases, priority, ..entry }
}

fn put(gate: &Gate, entries: Vec<CredentialEntry>) {
    gate.put_credentials(entries.into_iter().map(Arc::new).collect());
}

struct Two {
    gate: Gate,
    a: TestProvider,
    b: TestProvider,
    key: TestKey,
}

impl Two {
    async fn with(setup: Setup) -> Self {
        let gate = Gate::start_with(setup);
        let (a, b) = (TestProvider::start().await, TestProvider::start().await);
        put(&gate, vec![entry(&gate, &a, "model-a", 0), entry(&gate, &b, "model-b", 1)]);
        let key = gate.key();
        Self { gate, a, b, key }
    }

    async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    /// One call; the first provider does `first`, the second answers if asked.
    async fn call(&mut self, path: &str, body: &str, first: impl AsyncFnOnce(Exchange)) -> Answer {
        let Self { gate, a, b, key } = self;
        let providing = async {
            first(a.next().await).await;
            b.next().await.json(200, CHAT_ANSWER).await;
        };
        tokio::select! {
            answer = gate.post(key, path, body) => answer,
            () = async { providing.await; std::future::pending().await } => unreachable!(),
        }
    }
}

#[tokio::test]
async fn what_another_credential_may_do_better_is_asked_of_it() {
    for status in [401, 403, 429, 500, 502, 503, 504, 529] {
        let mut two = Two::start().await;
        let first = async |exchange: Exchange| {
            assert_eq!(exchange.text(), r#"{"model":"model-a"}"#);
            exchange.answer(status, "retry-after: 30\r\n", "no").await;
        };
        let answer = two.call(CHAT, BODY, first).await;
        assert_eq!((answer.status, answer.header("keyward-attempts"), answer.text()), (200, Some("2"), CHAT_ANSWER));
        let records = two.gate.records();
        assert_eq!((records.len(), records[0].output_tokens, records[0].requests), (1, 7, 1), "{status}");
        let model = records[0].model.parts().map(|(_, model)| model.to_owned());
        assert_eq!(model.as_deref(), Some("model-b"));
        assert_eq!(two.gate.metrics().snapshot().attempts.values().sum::<u64>(), 2);
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_request_is_not_asked_again() {
    let mut two = Two::start().await;
    for status in [400, 404, 408, 409, 413, 422, 501] {
        let answer = two.call(CHAT, BODY, async |exchange: Exchange| exchange.json(status, "{}").await).await;
        assert_eq!((answer.status, answer.header("keyward-attempts")), (status, None));
    }
    assert_eq!(two.b.seen(), 0);
}

#[tokio::test]
async fn a_provider_that_gives_no_answer_is_left_for_the_next() {
    let mut setup = Setup::default();
    setup.options.attempt_timeout = Duration::from_millis(50);
    let mut two = Two::with(setup).await;
    let answer = two.call(CHAT, BODY, async |exchange: Exchange| exchange.break_off()).await;
    assert_eq!(answer.status, 200);
    let garbage = async |mut exchange: Exchange| exchange.send("SSH-2.0-x\r\n").await;
    assert_eq!(two.call(CHAT, BODY, garbage).await.status, 200);
    // It hangs; the connection is closed before the next is asked.
    let answer = two.call(CHAT, BODY, async |mut exchange: Exchange| exchange.closed().await).await;
    assert_eq!(answer.status, 200);
    let attempts = two.gate.metrics().snapshot().attempts;
    assert_eq!(
        attempts.into_iter().collect::<Vec<_>>(),
        [("answered", 3), ("broken_off", 1), ("malformed", 1), ("timed_out", 1)]
    );
    assert_eq!(two.gate.records().len(), 3);

    put(&two.gate, vec![closed(&two.gate, "x", 0), entry(&two.gate, &two.b, "model-b", 1)]);
    let capped = two.gate.key_with(Some(1), Default::default());
    let Two { gate, b, .. } = &mut two;
    let (answer, ()) = tokio::join!(gate.post(&capped, CHAT, BODY), async { b.next().await.json(200, "{}").await });
    assert_eq!(answer.status, 200);
    gate.post(&capped, CHAT, BODY).await.assert_error(429, "request_cap_reached");
}

#[tokio::test]
async fn what_a_provider_keeps_is_never_made_twice() {
    let mut two = Two::start().await;
    let stored = "/v1/responses";
    for status in [429, 500, 503] {
        // A kept connection that breaks may have been closed before the request came.
        let closing = async |exchange: Exchange| exchange.answer(status, "connection: close\r\n", "{}").await;
        let answer = two.call(stored, BODY, closing).await;
        assert_eq!((answer.status, answer.header("keyward-attempts")), (status, None));
    }
    let answer = two.call(stored, BODY, async |exchange: Exchange| exchange.break_off()).await;
    answer.assert_error(502, "provider_unreachable");
    assert_eq!(two.b.seen(), 0);

    let passing = r#"{"model":"m","store":false}"#;
    let answer = two.call(stored, passing, async |exchange: Exchange| exchange.break_off()).await;
    assert_eq!((answer.status, answer.header("keyward-attempts")), (200, Some("2")));

    // Nothing of it was sent: it may go elsewhere, and is known there.
    let (first, second) = (closed(&two.gate, "x", 0), entry(&two.gate, &two.b, "model-b", 1));
    let answerer = second.id;
    put(&two.gate, vec![first, second]);
    let Two { gate, b, key, .. } = &mut two;
    let answering = async { b.next().await.json(200, r#"{"id":"resp_1","object":"response"}"#).await };
    let (answer, ()) = tokio::join!(gate.post(key, stored, BODY), answering);
    assert_eq!(answer.status, 200);
    assert_eq!(gate.records().last().unwrap().credential, Some(answerer.uuid()));
    let bearer = key.bearer();
    let headers = [("authorization", bearer.as_str())];
    let mut client = gate.connect().await;
    let asking = client.get("/v1/responses/resp_1", &headers);
    let (answer, ()) = tokio::join!(asking, async { b.next().await.json(200, "{}").await });
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn when_all_fail_the_last_answer_of_a_provider_is_the_callers() {
    let mut two = Two::start().await;
    {
        let Two { gate, a, b, key } = &mut two;
        let providing = async {
            a.next().await.json(500, "first").await;
            b.next().await.answer(429, "retry-after: 9\r\n", "second").await;
        };
        let (answer, ()) = tokio::join!(gate.post(key, CHAT, BODY), providing);
        assert_eq!((answer.status, answer.text(), answer.header("retry-after")), (429, "second", Some("9")));
        assert_eq!(answer.header("keyward-attempts"), Some("2"));
    }
    put(&two.gate, vec![entry(&two.gate, &two.a, "model-a", 0), closed(&two.gate, "x", 1)]);
    let answer = two.call(CHAT, BODY, async |exchange: Exchange| exchange.json(503, "busy").await).await;
    assert_eq!((answer.status, answer.text()), (503, "busy"));
    // 503 of one, then twice nobody there.
    assert_eq!(answer.header("keyward-attempts"), Some("4"));
    let records = two.gate.records();
    assert!(records.len() == 2 && records.iter().all(|record| record.requests == 1 && record.cost_nanos == Some(0)));
}

#[tokio::test]
async fn a_provider_that_is_busy_for_a_moment_is_asked_again_twice_at_most() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    let providing = async {
        provider.next().await.answer(429, "retry-after: 0\r\n", "").await;
        provider.next().await.answer(503, "retry-after-ms: 1\r\n", "").await;
        provider.next().await.json(200, CHAT_ANSWER).await;
        for _ in 0..3 {
            provider.next().await.answer(529, "retry-after: 0.001\r\n", "still").await;
        }
        provider.next().await.answer(429, "retry-after: 3\r\n", "later").await;
        provider.next().await.answer(503, "", "").await;
    };
    let calling = async {
        for (status, attempts) in [(200, Some("3")), (529, Some("3")), (429, None), (503, None)] {
            let answer = gate.post(&key, CHAT, BODY).await;
            assert_eq!((answer.status, answer.header("keyward-attempts")), (status, attempts));
        }
    };
    tokio::join!(providing, calling);
    assert_eq!(gate.records().len(), 4);
}

#[tokio::test]
async fn a_stream_outlives_both_time_limits_and_a_silent_provider_does_not() {
    let mut setup = Setup::default();
    setup.options.attempt_timeout = Duration::from_millis(500);
    setup.options.call_timeout = Duration::from_millis(700);
    let gate = Gate::start_with(setup);
    let mut provider = TestProvider::start().await;
    gate.put_credentials(vec![gate.credential(Provider::OpenAiCompatible, &provider)]);
    let key = gate.key();
    let mut client = gate.connect().await;
    let body = r#"{"model":"m","stream":true,"stream_options":{"include_usage":true}}"#;
    client.send(Client::request("POST", CHAT, &[("authorization", &key.bearer())], body)).await;
    let mut exchange = provider.next().await;
    exchange.begin_stream().await;
    assert_eq!(client.head().await.0, 200);
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(250)).await;
        exchange.frame("data: {}\n\n").await;
        assert_eq!(client.chunk().await.unwrap().unwrap(), b"data: {}\n\n");
    }
    exchange.frame("data: [DONE]\n\n").await;
    exchange.end_stream().await;
    assert!(client.chunk().await.unwrap().is_some());
    assert_eq!(client.chunk().await, Ok(None));

    let (answer, mut exchange) = tokio::join!(gate.post(&key, CHAT, BODY), provider.next());
    answer.assert_error(504, "provider_timeout");
    exchange.closed().await;
}

#[tokio::test]
async fn a_key_that_stops_being_usable_is_not_tried_elsewhere() {
    let mut two = Two::start().await;
    let Two { gate, a, b, key } = &mut two;
    let bearer = key.bearer();
    let mut client = gate.connect().await;
    client.send(Client::request("POST", CHAT, &[("authorization", &bearer)], BODY)).await;
    let exchange = a.next().await;
    gate.change(key, |key| key.disabled = true);
    exchange.json(500, "{}").await;
    client.answer().await.assert_error(401, "api_key_disabled");
    assert_eq!((b.seen(), gate.records().len()), (0, 1));
}

#[tokio::test]
async fn each_candidates_model_is_held_by_its_own_limits_and_lists() {
    let mut two = Two::start().await;
    let one = Limits { requests_per_minute: Some(1), ..Limits::default() };
    two.gate.set_limits(&[(Some("model-b"), one), (None, Limits { parallel_requests: Some(1), ..Limits::default() })]);
    let fails = async |exchange: Exchange| exchange.json(500, "theirs").await;
    assert_eq!(two.call(CHAT, BODY, fails).await.status, 200);
    let answer = two.call(CHAT, BODY, fails).await;
    assert_eq!((answer.status, answer.text(), two.b.seen()), (500, "theirs", 1));
    two.gate.clock.advance(60);
    assert_eq!(two.call(CHAT, BODY, fails).await.status, 200);
    assert_eq!(two.gate.records().len(), 3);

    two.gate.set_limits(&[]);
    let denied = ModelPermissions {
        mode: ModelMode::DenyList,
        model_ids: ModelPatterns::parse("model_ids", vec!["model-b".into()]).unwrap(),
    };
    two.gate.set_project(true, Some(denied));
    assert_eq!(two.call(CHAT, BODY, fails).await.status, 500);
    assert_eq!(two.b.seen(), 2);
}

#[tokio::test]
async fn a_credential_that_keeps_failing_is_left_alone_until_a_probe_succeeds() {
    let mut two = Two::start().await;
    let fails = async |exchange: Exchange| exchange.json(500, "").await;
    for _ in 0..5 {
        assert_eq!(two.call(CHAT, BODY, fails).await.status, 200);
    }
    assert_eq!((two.a.seen(), two.gate.metrics().snapshot().open_circuits), (5, 1));
    two.b.always_answer(CHAT_ANSWER);
    let chat = async |two: &Two| two.gate.post(&two.key, CHAT, BODY).await;
    assert_eq!(chat(&two).await.header("keyward-attempts"), None);
    assert_eq!((two.a.seen(), two.b.seen()), (5, 6));

    two.gate.clock.advance(10);
    two.a.always_answer(CHAT_ANSWER);
    for seen in 6..9 {
        assert_eq!(chat(&two).await.status, 200);
        assert_eq!(two.a.seen(), seen);
    }
    assert_eq!(two.gate.metrics().snapshot().open_circuits, 0);
}

#[tokio::test]
async fn a_provider_that_names_a_time_is_left_alone_until_then() {
    let mut two = Two::start().await;
    let busy = async |exchange: Exchange| exchange.answer(429, "retry-after: 20\r\n", "").await;
    assert_eq!(two.call(CHAT, BODY, busy).await.header("keyward-attempts"), Some("2"));
    two.b.always_answer(CHAT_ANSWER);
    two.a.always_answer(CHAT_ANSWER);
    for (seconds, asked) in [(19, 1), (1, 2), (0, 3)] {
        two.gate.clock.advance(seconds);
        assert_eq!(two.gate.post(&two.key, CHAT, BODY).await.status, 200);
        assert_eq!(two.a.seen(), asked);
    }
}

#[tokio::test]
async fn where_all_have_trouble_one_is_asked_nevertheless() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    for _ in 0..8 {
        let (answer, ()) = tokio::join!(gate.chat(&key), async { provider.next().await.json(500, "theirs").await });
        assert_eq!((answer.status, answer.text()), (500, "theirs"));
    }
    assert_eq!(gate.metrics().snapshot().open_circuits, 1);
    let (answer, ()) = tokio::join!(gate.chat(&key), async { provider.next().await.json(200, CHAT_ANSWER).await });
    assert_eq!((answer.status, gate.metrics().snapshot().open_circuits), (200, 0));
}

#[tokio::test]
async fn equals_share_the_calls_by_their_weights() {
    let mut setup = Setup::default();
    setup.options.cores = 1;
    let mut two = Two::with(setup).await;
    let weighing = |weight, entry| CredentialEntry { weight: Weight::parse("weight", weight).unwrap(), ..entry };
    let entries = vec![
        weighing(3, entry(&two.gate, &two.a, "model-a", 0)),
        weighing(1, entry(&two.gate, &two.b, "model-b", 0)),
        closed(&two.gate, "x", 1),
    ];
    put(&two.gate, entries);
    two.a.always_answer(CHAT_ANSWER);
    two.b.always_answer(CHAT_ANSWER);
    for _ in 0..80 {
        assert_eq!(two.gate.post(&two.key, CHAT, BODY).await.status, 200);
    }
    assert!((45..=75).contains(&two.a.seen()), "{}", two.a.seen());
    assert_eq!(two.a.seen() + two.b.seen(), 80);
}

#[tokio::test]
async fn an_alias_goes_over_its_targets_with_each_ones_own_model() {
    let mut two = Two::start().await;
    let (a, b) = (entry(&two.gate, &two.a, "x", 0), entry(&two.gate, &two.b, "x", 0));
    let targets = [("second", 1, b.id), ("openai_compatible/first", 0, a.id)];
    put(&two.gate, vec![b, a]);
    two.gate.put_alias("smart", &targets);
    let providing = async |two: &mut Two| {
        let exchange = two.a.next().await;
        assert_eq!(exchange.text(), r#"{"model":"first","x":1}"#);
        exchange.json(503, "{}").await;
        let exchange = two.b.next().await;
        assert_eq!(exchange.text(), r#"{"model":"second","x":1}"#);
        exchange.json(200, CHAT_ANSWER).await;
    };
    let bearer = two.key.bearer();
    let mut client = two.gate.connect().await;
    let body = r#"{"model":"smart","x":1}"#;
    client.send(Client::request("POST", CHAT, &[("authorization", &bearer)], body)).await;
    providing(&mut two).await;
    let answer = client.answer().await;
    assert_eq!((answer.status, answer.header("keyward-attempts")), (200, Some("2")));
    assert_eq!(two.gate.records()[0].model.parts().map(|(_, model)| model.to_owned()).as_deref(), Some("second"));
}

#[tokio::test]
async fn an_alias_is_allowed_by_its_name_and_each_target_denied_by_its_own() {
    let two = Two::start().await;
    let (a, b) = (entry(&two.gate, &two.a, "x", 0), entry(&two.gate, &two.b, "x", 0));
    two.gate.put_alias("smart", &[("first", 0, a.id), ("second", 1, b.id)]);
    put(&two.gate, vec![a, b]);
    let Two { gate, mut a, mut b, key } = two;
    a.always_answer(CHAT_ANSWER);
    b.always_answer(CHAT_ANSWER);
    let list = |mode, names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        gate.set_project(true, Some(ModelPermissions { mode, model_ids: ModelPatterns::parse("m", names).unwrap() }));
    };
    let body = r#"{"model":"smart"}"#;
    for (mode, names, seen) in [
        (ModelMode::AllowList, &["smart"][..], (1, 0)),
        (ModelMode::AllowList, &["openai_compatible/second"], (1, 1)),
        (ModelMode::DenyList, &["first"], (1, 2)),
    ] {
        list(mode, names);
        assert_eq!(gate.post(&key, CHAT, body).await.status, 200, "{names:?}");
        assert_eq!((a.seen(), b.seen()), seen, "{names:?}");
    }
    for (mode, names) in [
        (ModelMode::DenyList, &["smart"][..]),
        (ModelMode::DenyList, &["first", "second"]),
        (ModelMode::AllowList, &["other"]),
    ] {
        list(mode, names);
        gate.post(&key, CHAT, body).await.assert_error(403, "model_not_allowed");
    }
}
