//! Providers that refuse, hang, break off, or can't be reached.

use std::{sync::Arc, time::Duration};

use keyward_access::CredentialEntry;
use keyward_domain::provider::Provider;

use crate::support::{CHAT, Gate, Setup};

#[tokio::test]
async fn a_rejected_credential_is_never_the_callers_401() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    for status in [401, 403] {
        let providing = async {
            provider.next().await.json(status, r#"{"error":{"message":"Incorrect API key sk-prov…"}}"#).await;
        };
        let (answer, ()) = tokio::join!(gate.chat(&key), providing);
        answer.assert_error(502, "provider_authentication_failed");
        assert!(!answer.text().contains("sk-prov"));
        assert_eq!(answer.header("www-authenticate"), None);
    }
    let records = gate.records();
    assert!(records.len() == 2 && records.iter().all(|record| record.requests == 1 && record.sent));
}

#[tokio::test]
async fn other_errors_of_a_provider_pass_in_their_shape() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    for status in [400, 404, 409, 422, 429, 500, 503, 529] {
        let body = r#"{"error":{"message":"theirs"}}"#;
        let providing = async {
            provider.next().await.answer(status, "retry-after: 3\r\ncontent-type: application/json\r\n", body).await;
        };
        let (answer, ()) = tokio::join!(gate.chat(&key), providing);
        assert_eq!((answer.status, answer.text(), answer.header("retry-after")), (status, body, Some("3")));
    }
    assert_eq!(gate.records().len(), 8);
}

#[tokio::test]
async fn what_was_never_sent_does_not_count() {
    let gate = Gate::start();
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let base_url = Some(format!("http://{closed}/v1"));
    let entry = CredentialEntry { base_url, ..gate.bare_credential(Provider::OpenAiCompatible) };
    gate.put_credentials(vec![Arc::new(entry)]);
    let plain = gate.key();
    gate.chat(&plain).await.assert_error(502, "provider_unreachable");
    assert_eq!(gate.records(), []);

    let capped = gate.key_with(Some(1), Default::default());
    for _ in 0..3 {
        gate.chat(&capped).await.assert_error(502, "provider_unreachable");
    }
    let counted: Vec<_> = gate.records().iter().map(|record| (record.requests, record.sent)).collect();
    assert_eq!(counted, [(1, false), (-1, false)].repeat(3));
}

#[tokio::test]
async fn private_addresses_are_blocked_unless_allowed() {
    let mut setup = Setup::default();
    setup.options.client.allow_private = false;
    let gate = Gate::start_with(setup);
    let provider = crate::support::TestProvider::start().await;
    gate.put_credentials(vec![gate.credential(Provider::OpenAiCompatible, &provider)]);
    let key = gate.key();
    gate.chat(&key).await.assert_error(502, "provider_blocked");
    assert_eq!((provider.seen(), gate.records().len()), (0, 0));
}

#[tokio::test]
async fn a_provider_that_hangs_times_out() {
    let mut setup = Setup::default();
    setup.options.client.head_timeout = Duration::from_millis(50);
    setup.options.client.idle_timeout = Duration::from_millis(50);
    let gate = Gate::start_with(setup);
    let mut provider = crate::support::TestProvider::start().await;
    gate.put_credentials(vec![gate.credential(Provider::OpenAiCompatible, &provider)]);
    let key = gate.key();
    let (answer, mut exchange) = tokio::join!(gate.chat(&key), provider.next());
    answer.assert_error(504, "provider_timeout");
    exchange.closed().await;

    let stalls = async {
        let mut exchange = provider.next().await;
        exchange.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{").await;
        exchange.closed().await;
    };
    let (answer, ()) = tokio::join!(gate.chat(&key), stalls);
    assert!(answer.status == 200 && !answer.clean);
    assert_eq!(gate.records().len(), 2);
}

#[tokio::test]
async fn garbage_for_an_answer_is_a_502() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    for garbage in ["SSH-2.0-x\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n"] {
        let providing = async { provider.next().await.send(garbage).await };
        let (answer, ()) = tokio::join!(gate.chat(&key), providing);
        answer.assert_error(502, "provider_unreachable");
    }
    let providing = async { provider.next().await.break_off() };
    let (answer, ()) = tokio::join!(gate.chat(&key), providing);
    answer.assert_error(502, "provider_unreachable");
    assert_eq!(gate.records().len(), 3);
}

#[tokio::test]
async fn a_whole_answer_cut_short_never_ends_cleanly() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    for head in [
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n7\r\n{\"id\":1\r\n",
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"id\":1",
    ] {
        let providing = async {
            let mut exchange = provider.next().await;
            exchange.send(head).await;
            exchange.break_off();
        };
        let (answer, ()) = tokio::join!(gate.post(&key, "/v1/embeddings", CHAT), providing);
        assert!(answer.status == 200 && !answer.clean, "{head}");
    }
    assert_eq!(gate.records().len(), 3);
}

#[tokio::test]
async fn an_answer_that_ends_with_its_connection_is_whole_when_its_json_is() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    let providing = async {
        let mut exchange = provider.next().await;
        exchange.send("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"id\":1}").await;
        exchange.break_off();
    };
    let (answer, ()) = tokio::join!(gate.chat(&key), providing);
    assert!(answer.clean && answer.text() == "{\"id\":1}");
}

#[tokio::test]
async fn an_answer_without_a_body_is_one() {
    let (gate, mut provider, key) = Gate::with_provider().await;
    let providing = async { provider.next().await.answer(500, "", "").await };
    let (answer, ()) = tokio::join!(gate.chat(&key), providing);
    assert_eq!((answer.status, answer.header("content-length"), answer.clean), (500, Some("0"), true));
    assert_eq!(gate.records().len(), 1);
}
