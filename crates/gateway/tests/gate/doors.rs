//! How many connections and bytes the gateway takes at once, and how slowly it
//! lets them come and go.

use std::time::Duration;

use keyward_access::TrustedProxies;
use keyward_domain::provider::Provider;

use crate::support::{CHAT, CHAT_ANSWER, CHAT_STREAM, Client, Gate, Setup, TestKey, TestProvider};

/// A gateway whose callers aren't proxies, which have no limit of their own.
fn setup() -> Setup {
    let mut setup = Setup::default();
    setup.options.trusted_proxies = TrustedProxies::default();
    setup
}

fn head(key: &TestKey, length: usize) -> String {
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: {}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n",
        key.bearer()
    )
}

/// A connection that is surely let in. What was closed before counts until the
/// gateway has seen it.
async fn connect_when_there_is_room(gate: &Gate) -> Client {
    loop {
        let mut client = gate.connect().await;
        client.send(Client::request("GET", "/healthz", &[], "")).await;
        if client.answer().await.status == 200 {
            return client;
        }
    }
}

#[tokio::test]
async fn a_connection_too_many_is_told_so_and_those_that_are_open_live_on() {
    for of_one_address in [false, true] {
        let mut setup = setup();
        setup.options.max_connections = if of_one_address { 100 } else { 2 };
        setup.options.max_connections_per_address = if of_one_address { 2 } else { 100 };
        let gate = Gate::start_with(setup);
        let (mut first, mut second) = (gate.connect().await, gate.connect().await);
        assert_eq!(first.get("/healthz", &[]).await.status, 200);
        assert_eq!(second.get("/healthz", &[]).await.status, 200);
        let mut third = gate.connect().await;
        let answer = third.get("/healthz", &[]).await;
        answer.assert_error(503, "too_many_connections");
        assert_eq!((answer.header("connection"), answer.header("retry-after")), (Some("close"), Some("1")));
        assert!(third.is_closed().await);
        assert_eq!(first.get("/healthz", &[]).await.status, 200);
        second.hang_up();
        connect_when_there_is_room(&gate).await;
    }
}

#[tokio::test]
async fn a_proxys_connections_are_limited_in_all_alone() {
    let mut setup = Setup::default();
    setup.options.max_connections_per_address = 1;
    let gate = Gate::start_with(setup);
    let _first = connect_when_there_is_room(&gate).await;
    let mut second = gate.connect().await;
    assert_eq!(second.get("/healthz", &[]).await.status, 200);
}

/// Sends a body's bytes one by one until an answer comes: none of its pauses is long.
async fn trickle(gate: &Gate, request: String, piece: &str) -> crate::support::Answer {
    let mut client = gate.connect().await;
    client.send(request).await;
    loop {
        client.send(piece).await;
        if let Ok(answer) = tokio::time::timeout(Duration::from_millis(10), client.answer()).await {
            return answer;
        }
    }
}

#[tokio::test]
async fn a_body_that_trickles_in_is_not_waited_for_until_it_is_whole() {
    for (idle, whole, rate) in [(60_000, 300, 1), (300, 60_000, 10_000)] {
        let mut setup = setup();
        setup.options.body_idle = Duration::from_millis(idle);
        setup.options.body_time = Duration::from_millis(whole);
        setup.options.body_rate = rate;
        let gate = Gate::start_with(setup);
        let key = gate.key();
        let answer = trickle(&gate, head(&key, 20 << 20), " ").await;
        answer.assert_error(408, "request_timeout");
        assert!(answer.json()["error"]["message"].as_str().unwrap().contains("too slowly"), "{}", answer.text());
    }
}

#[tokio::test]
async fn neither_is_one_for_what_is_not_the_data_plane() {
    let mut setup = setup();
    setup.options.body_time = Duration::from_millis(300);
    setup.options.bodies_limit = 100;
    let gate = Gate::start_with(setup);
    let request = |length| format!("POST /body HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n\r\n");
    assert_eq!(trickle(&gate, request(1000), "x").await.text(), "TimedOut");
    let mut client = gate.connect().await;
    client.send(request(101) + &"x".repeat(101)).await;
    assert_eq!(client.answer().await.text(), "QuotaExceeded");
    assert_eq!(client.post("/body", &[], &"x".repeat(100)).await.text(), "read");
}

#[tokio::test]
async fn no_more_bytes_of_bodies_are_held_than_allowed_and_they_are_given_back() {
    let mut setup = setup();
    setup.options.bodies_limit = 3000;
    let gate = Gate::start_with(setup);
    let mut provider = TestProvider::start().await;
    gate.put_credentials(vec![gate.credential(Provider::OpenAi, &provider)]);
    let key = gate.key();
    let body = format!("{CHAT:2000}");

    let mut first = gate.connect().await;
    first.send(Client::request("POST", "/v1/chat/completions", &[("authorization", &key.bearer())], &body)).await;
    let exchange = provider.next().await;
    let refused = gate.post(&key, "/v1/chat/completions", &body).await;
    refused.assert_error(503, "too_many_requests_held");
    assert_eq!(refused.header("retry-after"), Some("1"));
    exchange.json(200, CHAT_ANSWER).await;
    assert_eq!(first.answer().await.status, 200);

    provider.always_answer(CHAT_ANSWER);
    for _ in 0..3 {
        assert_eq!(gate.post(&key, "/v1/chat/completions", &body).await.status, 200);
    }
}

#[tokio::test]
async fn a_provider_is_held_back_while_the_caller_does_not_read() {
    let mut setup = setup();
    setup.options.answer_idle = Duration::from_millis(500);
    let gate = Gate::start_with(setup);
    let mut provider = TestProvider::start().await;
    gate.put_credentials(vec![gate.credential(Provider::OpenAi, &provider)]);
    let key = gate.key();
    let mut client = gate.connect().await;
    client
        .send(Client::request("POST", "/v1/chat/completions", &[("authorization", &key.bearer())], CHAT_STREAM))
        .await;
    let mut exchange = provider.next().await;
    exchange.begin_stream().await;
    // A caller that reads nothing is given up after a while: until then the provider
    // gets rid of what the sockets' buffers hold, and of no more.
    let event = format!("data: {{\"x\":\"{}\"}}\n\n", "x".repeat(64 << 10));
    let taken = exchange.taken_until_closed(&event, 1 << 30).await;
    assert!(taken < 64 << 20, "{taken} bytes were taken in for a caller that reads nothing");
    drop(client);
}
