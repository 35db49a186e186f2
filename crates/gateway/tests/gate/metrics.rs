//! What the gateway counts of itself.

use std::collections::BTreeMap;

use keyward_gateway::{Metrics, Snapshot};

use crate::support::{CHAT, CHAT_ANSWER, Client, Gate};

/// A request is counted as over when its connection has written the answer,
/// which is a moment after the caller has read it.
async fn when(metrics: &Metrics, is_so: impl Fn(&Snapshot) -> bool) -> Snapshot {
    loop {
        let snapshot = metrics.snapshot();
        if is_so(&snapshot) {
            return snapshot;
        }
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn every_request_is_counted_once_whatever_became_of_it() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    let metrics = gate.metrics();
    let stranger = gate.unknown_secret();
    let mut client = gate.connect().await;
    for path in ["/healthz", "/v1/nonsense/of/theirs"] {
        client.get(path, &[("authorization", &key.bearer())]).await;
    }
    let bearer = format!("Bearer {}", stranger.expose());
    client.post("/v1/chat/completions", &[("authorization", &bearer)], CHAT).await.assert_error(401, "invalid_api_key");

    client.send(Client::request("POST", "/v1/chat/completions", &[("authorization", &key.bearer())], CHAT)).await;
    let exchange = provider.next().await;
    assert_eq!(when(&metrics, |now| now.in_flight == 1).await.provider_answers, BTreeMap::new());
    exchange.json(200, CHAT_ANSWER).await;
    assert_eq!(client.answer().await.status, 200);
    client.send(Client::request("POST", "/v1/chat/completions", &[("authorization", &key.bearer())], CHAT)).await;
    provider.next().await.json(500, "{}").await;
    assert_eq!(client.answer().await.status, 500);
    client.send(Client::request("POST", "/v1/chat/completions", &[("authorization", &key.bearer())], CHAT)).await;
    provider.next().await.json(401, "{}").await;
    client.answer().await.assert_error(502, "provider_authentication_failed");

    let counted = when(&metrics, |now| now.in_flight == 0).await;
    let chat = "/v1/chat/completions".to_owned();
    let requests = [
        ((chat.clone(), "2xx"), 1),
        ((chat.clone(), "4xx"), 1),
        ((chat, "5xx"), 2),
        (("control".to_owned(), "2xx"), 1),
        (("other".to_owned(), "4xx"), 1),
    ];
    assert_eq!(counted.requests, BTreeMap::from(requests));
    let refusals = [("invalid_api_key", 1), ("provider_authentication_failed", 1), ("unknown_url", 1)];
    assert_eq!(counted.refusals, BTreeMap::from(refusals));
    assert_eq!(counted.provider_answers, BTreeMap::from([("2xx", 1), ("5xx", 1)]));
    assert_eq!(counted.overhead.iter().sum::<u64>(), 2);
    assert!(counted.overhead_sum > 0);
    assert_eq!((counted.open_connections, counted.connections, counted.connections_refused), (1, 1, 0));
    client.hang_up();
    when(&metrics, |now| now.open_connections == 0).await;
}
