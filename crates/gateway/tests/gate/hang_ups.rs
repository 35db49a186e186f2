//! Callers that hang up, or take no answer, at the worst moment.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use keyward_access::{CapStore, CapUnavailable, CredentialEntry};
use keyward_domain::{id::ApiKeyId, provider::Provider};
use tokio::{net::TcpListener, sync::Notify};

use crate::support::{CHAT, CHAT_ANSWER, Client, Gate, Setup, TestKey, TestProvider};

fn call(key: &TestKey) -> String {
    Client::request("POST", "/v1/chat/completions", &[("authorization", &key.bearer())], CHAT)
}

#[tokio::test]
async fn a_caller_that_takes_no_answer_is_let_go() {
    let mut setup = Setup::default();
    setup.options.answer_idle = Duration::from_millis(200);
    let gate = Gate::start_with(setup);
    // More than all buffers on the way hold.
    let request = Client::request("GET", &format!("/{}", "x".repeat(60_000)), &[], "");
    assert!(gate.connect().await.closed_while_sending(request.repeat(500)).await);
    // Somebody who reads, however late, gets everything.
    let mut client = gate.connect().await;
    client.send(request.repeat(20)).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    for _ in 0..20 {
        assert_eq!(client.answer().await.status, 200);
    }
}

#[tokio::test]
async fn a_call_whose_caller_hangs_up_before_it_is_sent_counts_for_nothing() {
    let gate = Gate::start();
    // A provider that says nothing: its TLS never begins, so no request goes out.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("https://{}/v1", silent.local_addr().unwrap());
    let entry = CredentialEntry { base_url: Some(base_url), ..gate.bare_credential(Provider::OpenAi) };
    gate.put_credentials(vec![Arc::new(entry)]);
    let key = gate.key_with(Some(1), Default::default());
    let mut client = gate.connect().await;
    client.send(call(&key)).await;
    let _connection = silent.accept().await.unwrap();
    client.hang_up();
    let records = gate.records_when(2).await;
    assert_eq!(
        records.iter().map(|record| (record.requests, record.sent)).collect::<Vec<_>>(),
        [(1, false), (-1, false)]
    );

    let mut provider = TestProvider::start().await;
    provider.always_answer(CHAT_ANSWER);
    gate.put_credentials(vec![gate.credential(Provider::OpenAi, &provider)]);
    while gate.chat(&key).await.status != 200 {
        tokio::task::yield_now().await;
    }
    gate.chat(&key).await.assert_error(429, "request_cap_reached");
}

/// A count kept elsewhere that answers when it is told to.
#[derive(Default)]
struct Slow {
    count: std::sync::Mutex<u64>,
    asked: Notify,
    answers: Notify,
    given_back: Notify,
}

type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, CapUnavailable>> + Send + 'a>>;

impl CapStore for Slow {
    fn reserve(&self, _: ApiKeyId, _: u64) -> Pending<'_, bool> {
        Box::pin(async move {
            *self.count.lock().unwrap() += 1;
            self.asked.notify_one();
            self.answers.notified().await;
            Ok(true)
        })
    }

    fn give_back(&self, _: ApiKeyId) -> Pending<'_, ()> {
        Box::pin(async move {
            *self.count.lock().unwrap() -= 1;
            self.given_back.notify_one();
            Ok(())
        })
    }
}

#[tokio::test]
async fn a_caller_that_hangs_up_while_its_call_is_counted_elsewhere_gives_it_back() {
    let slow = Arc::new(Slow::default());
    let gate = Gate::start_with(Setup { shared_caps: Some(slow.clone()), ..Setup::default() });
    let nowhere =
        CredentialEntry { base_url: Some("https://127.0.0.1:1/v1".into()), ..gate.bare_credential(Provider::OpenAi) };
    gate.put_credentials(vec![Arc::new(nowhere)]);
    let key = gate.key_with(Some(1), Default::default());
    let mut client = gate.connect().await;
    client.send(call(&key)).await;
    slow.asked.notified().await;
    client.hang_up();
    // Long enough for the gateway to see it.
    tokio::time::sleep(Duration::from_millis(300)).await;
    slow.answers.notify_one();
    crate::support::within(slow.given_back.notified()).await;
    assert_eq!((*slow.count.lock().unwrap(), gate.records().len()), (0, 0));
}
