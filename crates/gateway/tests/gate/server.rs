//! The server around the calls: what isn't the data plane, many cores on one
//! address, and its end.

use std::time::Duration;

use keyward_domain::provider::Provider;
use keyward_gateway::StartError;

use crate::support::{CHAT, CHAT_ANSWER, CHAT_STREAM, Client, Gate, Setup, TestProvider};

#[tokio::test]
async fn what_is_not_the_data_plane_is_handed_on_with_the_request_id() {
    let gate = Gate::start();
    let mut client = gate.connect().await;
    for path in ["/", "/healthz", "/v1/organization/projects?a=b", "/v1/projects/x", "//v1/models"] {
        let answer = client.get(path, &[("x-forwarded-for", "192.0.2.9"), ("x-client-request-id", "mine")]).await;
        let id = answer.header("x-request-id").unwrap();
        assert_eq!(answer.text(), format!("control GET {path} 192.0.2.9 {id}"));
        assert_eq!(answer.header("x-client-request-id"), Some("mine"));
    }
}

#[tokio::test]
async fn a_panic_is_a_500_and_the_connection_lives_on() {
    let gate = Gate::start();
    let mut client = gate.connect().await;
    client.get("/panic", &[]).await.assert_error(500, "internal_error");
    assert_eq!(client.get("/healthz", &[]).await.status, 200);
}

#[tokio::test]
async fn a_taken_address_is_an_error_of_the_start() {
    let gate = Gate::start();
    for cores in [1, 2] {
        let mut setup = Setup::default();
        setup.options.listen = gate.address;
        setup.options.cores = cores;
        assert!(matches!(Gate::try_start(setup), Err(StartError::Listen { .. })));
    }
}

#[tokio::test]
async fn calls_in_flight_finish_and_nothing_new_comes_in() {
    let (mut gate, mut provider, key) = Gate::with_provider().await;
    let mut idle = gate.connect().await;
    idle.get("/healthz", &[]).await;
    let mut silent = gate.connect().await;
    let mut whole = gate.connect().await;
    whole.send(Client::request("POST", "/v1/chat/completions", &[("authorization", &key.bearer())], CHAT)).await;
    let whole_exchange = provider.next().await;
    let mut stream = gate.connect().await;
    stream
        .send(Client::request("POST", "/v1/chat/completions", &[("authorization", &key.bearer())], CHAT_STREAM))
        .await;
    let mut stream_exchange = provider.next().await;
    stream_exchange.begin_stream().await;
    stream.head().await;

    gate.shutdown();
    assert!(idle.is_closed().await && silent.is_closed().await);
    while tokio::net::TcpStream::connect(gate.address).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    whole_exchange.json(200, CHAT_ANSWER).await;
    let answer = whole.answer().await;
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    stream_exchange.frame("data: [DONE]\n\n").await;
    stream_exchange.end_stream().await;
    assert_eq!(stream.chunk().await.unwrap().unwrap(), b"data: [DONE]\n\n");
    assert_eq!(stream.chunk().await, Ok(None));
    gate.join().await;
    assert_eq!(gate.records().len(), 2);
}

#[tokio::test]
async fn what_takes_longer_than_the_draining_is_cut_and_recorded() {
    let mut setup = Setup::default();
    setup.options.drain = Duration::from_millis(50);
    let mut gate = Gate::start_with(setup);
    let mut provider = TestProvider::start().await;
    gate.put_credentials(vec![gate.credential(Provider::OpenAi, &provider)]);
    let key = gate.key();
    let mut client = gate.connect().await;
    client
        .send(Client::request("POST", "/v1/chat/completions", &[("authorization", &key.bearer())], CHAT_STREAM))
        .await;
    let mut exchange = provider.next().await;
    exchange.begin_stream().await;
    client.head().await;
    gate.join().await;
    assert_eq!(client.chunk().await, Err(()));
    exchange.closed().await;
    assert_eq!(gate.records().len(), 1);
}
