//! A stream whose key stops being usable is cut, also while nothing moves.

use jiff::SignedDuration;
use keyward_domain::secret::{KeyKind, KeySecret, Pepper};

use crate::support::{CHAT_STREAM, Client, Exchange, Gate, TestKey, TestProvider};

async fn begun(gate: &Gate, provider: &mut TestProvider, key: &TestKey) -> (Client, Exchange) {
    let mut client = gate.connect().await;
    let request = Client::request("POST", "/v1/chat/completions", &[("authorization", &key.bearer())], CHAT_STREAM);
    client.send(request).await;
    let mut exchange = provider.next().await;
    exchange.begin_stream().await;
    exchange.frame("data: {}\n\n").await;
    client.head().await;
    client.chunk().await.unwrap();
    (client, exchange)
}

async fn assert_cut(mut client: Client, mut exchange: Exchange, code: &str) {
    let error = String::from_utf8(client.chunk().await.unwrap().unwrap()).unwrap();
    assert!(error.starts_with("data: {\"error\":") && error.contains(code), "{error}");
    assert_eq!(client.chunk().await, Err(()));
    exchange.closed().await;
}

#[tokio::test]
async fn every_way_to_lose_a_key_cuts_its_streams() {
    let (gate, mut provider, _) = Gate::with_provider().await;
    let now = keyward_domain::Clock::now(&*gate.clock);
    let mut expected = 0;

    let mut key = gate.key();
    let (client, exchange) = begun(&gate, &mut provider, &key).await;
    gate.change(&mut key, |key| {
        key.revoke(now);
    });
    assert_cut(client, exchange, "api_key_revoked").await;
    expected += 1;

    let mut key = gate.key();
    let (client, exchange) = begun(&gate, &mut provider, &key).await;
    gate.change(&mut key, |key| key.disabled = true);
    assert_cut(client, exchange, "api_key_disabled").await;
    expected += 1;

    let key = gate.key();
    let (client, exchange) = begun(&gate, &mut provider, &key).await;
    gate.index.remove_key(key.key.id);
    assert_cut(client, exchange, "invalid_api_key").await;
    expected += 1;

    let mut key = gate.key();
    gate.change(&mut key, |key| key.expires_at = Some(now + SignedDuration::from_secs(10)));
    let (client, exchange) = begun(&gate, &mut provider, &key).await;
    gate.clock.advance(10);
    assert_cut(client, exchange, "api_key_expired").await;
    expected += 1;

    let mut key = gate.key();
    let (client, exchange) = begun(&gate, &mut provider, &key).await;
    let randomness = Fixed(77);
    let next = KeySecret::generate(KeyKind::Project, &randomness);
    gate.change(&mut key, |key| key.rotate(&next, &Pepper::new([9; 32]), SignedDuration::ZERO, now).unwrap());
    assert_cut(client, exchange, "invalid_api_key").await;
    expected += 1;

    let key = gate.key();
    let (client, exchange) = begun(&gate, &mut provider, &key).await;
    gate.set_project(false, None);
    assert_cut(client, exchange, "project_inactive").await;
    expected += 1;

    assert_eq!(gate.records().len(), expected);
}

#[tokio::test]
async fn a_change_that_leaves_the_key_usable_cuts_nothing() {
    let (gate, mut provider, mut key) = Gate::with_provider().await;
    let (mut client, mut exchange) = begun(&gate, &mut provider, &key).await;
    gate.change(&mut key, |key| key.environment = Some("production".into()));
    tokio::time::sleep(std::time::Duration::from_millis(900)).await;
    exchange.frame("data: [DONE]\n\n").await;
    exchange.end_stream().await;
    assert_eq!(client.chunk().await.unwrap().unwrap(), b"data: [DONE]\n\n");
    assert_eq!(client.chunk().await, Ok(None));
}

#[tokio::test]
async fn a_stream_whose_provider_is_still_thinking_is_refused() {
    let (gate, mut provider, mut key) = Gate::with_provider().await;
    let mut client = gate.connect().await;
    let request = Client::request("POST", "/v1/chat/completions", &[("authorization", &key.bearer())], CHAT_STREAM);
    client.send(request).await;
    let mut exchange = provider.next().await;
    gate.change(&mut key, |key| key.disabled = true);
    client.answer().await.assert_error(401, "api_key_disabled");
    exchange.closed().await;
    assert_eq!(gate.records().len(), 1);
}

#[tokio::test]
async fn a_body_that_trickles_in_does_not_outlive_its_key() {
    let (gate, provider, mut key) = Gate::with_provider().await;
    let request = Client::request("POST", "/v1/chat/completions", &[("authorization", &key.bearer())], CHAT_STREAM);
    let (begin, end) = request.split_at(request.len() - 5);
    let mut client = gate.connect().await;
    client.send(begin).await;
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    gate.change(&mut key, |key| key.disabled = true);
    client.send(end).await;
    client.answer().await.assert_error(401, "api_key_disabled");
    assert_eq!((provider.seen(), gate.records().len()), (0, 0));
}

struct Fixed(u8);

impl keyward_domain::Randomness for Fixed {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}
