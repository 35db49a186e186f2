//! Request caps: exact, at any concurrency, and in the journal before the
//! provider hears of the call.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
};

use keyward_access::{CapStore, CapUnavailable};
use keyward_domain::{id::ApiKeyId, provider::Provider};
use tokio::task::JoinSet;

use crate::support::{CHAT, CHAT_ANSWER, Client, Gate, Setup, TestProvider};

#[tokio::test]
async fn a_cap_is_exact_under_two_hundred_parallel_calls() {
    let (gate, mut provider, _) = Gate::with_provider().await;
    provider.always_answer(CHAT_ANSWER);
    let key = gate.key_with(Some(37), Default::default());
    let mut calls = JoinSet::new();
    for _ in 0..200 {
        let (address, bearer) = (gate.address, key.bearer());
        calls.spawn(async move {
            let mut client = Client::connect(address).await;
            client.post("/v1/chat/completions", &[("authorization", &bearer)], CHAT).await
        });
    }
    let mut let_through = 0;
    while let Some(answer) = calls.join_next().await {
        let answer = answer.unwrap();
        if answer.status == 200 {
            let_through += 1;
        } else {
            answer.assert_error(429, "request_cap_reached");
            assert_eq!(answer.header("x-should-retry"), Some("false"));
        }
    }
    assert_eq!((let_through, provider.seen()), (37, 37));
    let records = gate.records();
    assert_eq!(records.iter().map(|record| record.requests).sum::<i32>(), 37);
    let closing: Vec<_> = records.iter().filter(|record| record.sent).collect();
    assert_eq!(closing.len(), 37);
    assert!(closing.iter().all(|record| record.requests == 0 && record.output_tokens == 7));
}

#[tokio::test]
async fn a_capped_call_is_in_the_journal_before_the_provider_hears_of_it() {
    let (gate, mut provider, _) = Gate::with_provider().await;
    let key = gate.key_with(Some(1), Default::default());
    let providing = async {
        let exchange = provider.next().await;
        let records = gate.records();
        assert_eq!((records.len(), records[0].requests, records[0].sent), (1, 1, false));
        exchange.json(200, CHAT_ANSWER).await;
    };
    let (answer, ()) = tokio::join!(gate.chat(&key), providing);
    assert_eq!(answer.status, 200);
    let records = gate.records();
    assert_eq!((records.len(), records[1].requests, records[1].sent), (2, 0, true));
}

#[tokio::test]
async fn a_cap_set_later_knows_of_the_calls_before() {
    let (gate, mut provider, mut key) = Gate::with_provider().await;
    provider.always_answer(CHAT_ANSWER);
    for _ in 0..3 {
        assert_eq!(gate.chat(&key).await.status, 200);
    }
    gate.change(&mut key, |key| key.max_requests = Some(4));
    assert_eq!(gate.chat(&key).await.status, 200);
    gate.chat(&key).await.assert_error(429, "request_cap_reached");
    assert_eq!(gate.records().iter().map(|record| record.requests).sum::<i32>(), 4);
}

#[tokio::test]
async fn a_refused_call_consumes_nothing() {
    let (gate, mut provider, _) = Gate::with_provider().await;
    provider.always_answer(CHAT_ANSWER);
    let key = gate.key_with(Some(1), Default::default());
    gate.post(&key, "/v1/chat/completions", "{").await.assert_error(400, "invalid_request_body");
    gate.post(&key, "/v1/messages", CHAT).await.assert_error(400, "dialect_not_supported");
    gate.post(&key, "/v1/nothing", CHAT).await.assert_error(404, "unknown_url");
    assert_eq!(gate.chat(&key).await.status, 200);
    gate.chat(&key).await.assert_error(429, "request_cap_reached");
}

/// A count kept elsewhere, which can be out of reach.
#[derive(Default)]
struct Elsewhere {
    count: Mutex<u64>,
    down: Mutex<bool>,
}

impl Elsewhere {
    fn change(&self, change: impl FnOnce(&mut u64) -> bool) -> Result<bool, CapUnavailable> {
        if *self.down.lock().unwrap() { Err(CapUnavailable) } else { Ok(change(&mut self.count.lock().unwrap())) }
    }
}

type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, CapUnavailable>> + Send + 'a>>;

impl CapStore for Elsewhere {
    fn reserve(&self, _: ApiKeyId, max: u64) -> Pending<'_, bool> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            self.change(|count| {
                let free = *count < max;
                *count += u64::from(free);
                free
            })
        })
    }

    fn give_back(&self, _: ApiKeyId) -> Pending<'_, ()> {
        Box::pin(async move {
            self.change(|count| {
                *count -= 1;
                true
            })
            .map(|_| ())
        })
    }
}

#[tokio::test]
async fn a_shared_count_decides_and_is_given_back() {
    let elsewhere = Arc::new(Elsewhere::default());
    let gate = Gate::start_with(Setup { shared_caps: Some(elsewhere.clone()), ..Setup::default() });
    let mut provider = TestProvider::start().await;
    provider.always_answer(CHAT_ANSWER);
    gate.put_credentials(vec![gate.credential(Provider::OpenAi, &provider)]);
    let key = gate.key_with(Some(2), Default::default());
    assert_eq!(gate.chat(&key).await.status, 200);
    *elsewhere.down.lock().unwrap() = true;
    gate.chat(&key).await.assert_error(503, "database_unavailable");
    assert_eq!(gate.chat(&gate.key()).await.status, 200);
    *elsewhere.down.lock().unwrap() = false;
    gate.put_credentials(Vec::new());
    gate.chat(&key).await.assert_error(503, "provider_not_configured");
    assert_eq!(*elsewhere.count.lock().unwrap(), 1);
    gate.put_credentials(vec![gate.credential(Provider::OpenAi, &provider)]);
    assert_eq!(gate.chat(&key).await.status, 200);
    gate.chat(&key).await.assert_error(429, "request_cap_reached");
    let counted: Vec<_> = gate.records().iter().map(|record| record.requests).collect();
    assert_eq!(counted, [0, 1, 0]);
}
