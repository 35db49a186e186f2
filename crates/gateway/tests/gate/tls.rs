//! Callers who come over TLS.

use std::{sync::Arc, time::Duration};

use keyward_gateway::{CertificateError, ServerCertificate};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore, SupportedProtocolVersion,
        crypto::aws_lc_rs,
        version::{TLS12, TLS13},
    },
};

use crate::support::{CHAT_ANSWER, Client, Gate, Setup, TestProvider};

type Made = CertifiedKey<rcgen::KeyPair>;

fn make() -> Made {
    generate_simple_self_signed(["keyward.example".to_owned()]).unwrap()
}

fn pem(made: &Made) -> (String, String) {
    (made.cert.pem(), made.signing_key.serialize_pem())
}

fn certificate(made: &Made) -> Arc<ServerCertificate> {
    let (chain, key) = pem(made);
    Arc::new(ServerCertificate::from_pem(chain.as_bytes(), key.as_bytes()).unwrap())
}

fn gate(certificate: &Arc<ServerCertificate>) -> Gate {
    Gate::start_with(Setup { certificate: Some(Arc::clone(certificate)), ..Setup::default() })
}

/// A connection of somebody who trusts `made` alone.
async fn connect(
    gate: &Gate,
    made: &Made,
    version: &'static SupportedProtocolVersion,
) -> std::io::Result<TlsStream<TcpStream>> {
    connect_for(gate, made, version, &[]).await
}

async fn connect_for(
    gate: &Gate,
    made: &Made,
    version: &'static SupportedProtocolVersion,
    protocols: &[&str],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    let stream = TcpStream::connect(gate.address).await.unwrap();
    TlsConnector::from(Arc::new(config)).connect("keyward.example".try_into().unwrap(), stream).await
}

async fn client(gate: &Gate, made: &Made) -> Client {
    Client::on(connect(gate, made, &TLS13).await.unwrap())
}

#[tokio::test]
async fn calls_over_tls_are_answered_like_others() {
    let made = make();
    let gate = gate(&certificate(&made));
    let mut provider = TestProvider::start().await;
    provider.always_answer(CHAT_ANSWER);
    gate.put_credentials(vec![gate.credential(keyward_domain::provider::Provider::OpenAi, &provider)]);
    let key = gate.key();
    for version in [&TLS12, &TLS13] {
        let mut client = Client::on(connect(&gate, &made, version).await.unwrap());
        for body in [crate::support::CHAT.to_owned(), format!("{:60000}", crate::support::CHAT)] {
            let answer = client.post("/v1/chat/completions", &[("authorization", &key.bearer())], &body).await;
            assert_eq!((answer.status, answer.text()), (200, CHAT_ANSWER));
        }
        client.send("nonsense\r\n\r\n").await;
        client.answer().await.assert_error(400, "malformed_request");
        assert!(client.is_closed().await);
    }
}

#[tokio::test]
async fn the_protocol_is_the_one_agreed_on() {
    let made = make();
    let gate = gate(&certificate(&made));
    let mut provider = TestProvider::start().await;
    provider.always_answer(CHAT_ANSWER);
    gate.put_credentials(vec![gate.credential(keyward_domain::provider::Provider::OpenAi, &provider)]);
    let key = gate.key();
    let stream = connect_for(&gate, &made, &TLS13, &["h2", "http/1.1"]).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let mut caller = crate::http2::Caller::on(stream, "https://keyward.example").await;
    assert_eq!(caller.chat(&key, crate::support::CHAT).await.status(), 200);
    let stream = connect_for(&gate, &made, &TLS13, &["http/1.1"]).await.unwrap();
    assert_eq!(Client::on(stream).get("/healthz", &[]).await.status, 200);
    assert!(connect_for(&gate, &made, &TLS13, &["spdy/3"]).await.is_err());
}

#[tokio::test]
async fn who_speaks_http_where_tls_is_asked_for_is_told_so() {
    let gate = gate(&certificate(&make()));
    let mut client = gate.connect().await;
    let answer = client.get("/healthz", &[]).await;
    answer.assert_error(400, "https_required");
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn a_new_certificate_is_shown_from_then_on_and_a_bad_one_never() {
    let (old, new) = (make(), make());
    let certificate = certificate(&old);
    let gate = gate(&certificate);
    let mut before = client(&gate, &old).await;
    let ((chain, key), (old_chain, old_key)) = (pem(&new), pem(&old));
    for (chain, key, says) in [
        (chain.as_str(), old_key.as_str(), "don't belong together"),
        (&old_chain, &key, "don't belong together"),
        ("", &key, "holds no certificate"),
        (&key, &key, "holds no certificate"),
        (&chain, "", "holds no private key"),
        (&chain, &chain, "holds no private key"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", &key, "can't be read"),
        ("-----BEGIN CERTIFICATE-----\nAAAA", &key, "isn't PEM"),
    ] {
        let error: CertificateError = certificate.replace(chain.as_bytes(), key.as_bytes()).unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        client(&gate, &old).await;
    }
    certificate.replace(chain.as_bytes(), key.as_bytes()).unwrap();
    assert!(connect(&gate, &old, &TLS13).await.is_err());
    assert_eq!(client(&gate, &new).await.get("/healthz", &[]).await.status, 200);
    assert_eq!(before.get("/healthz", &[]).await.status, 200);
}

#[tokio::test]
async fn a_certificate_knows_whom_it_is_for() {
    let certificate = certificate(&make());
    assert!(certificate.is_for("keyward.example"));
    assert!(!certificate.is_for("other.example") && !certificate.is_for("127.0.0.1") && !certificate.is_for("no name"));
    assert!(!format!("{certificate:?}").contains("KEY"));
}

#[tokio::test]
async fn a_caller_that_takes_no_answer_over_tls_is_let_go() {
    let made = make();
    let mut setup = Setup { certificate: Some(certificate(&made)), ..Setup::default() };
    setup.options.answer_idle = Duration::from_millis(200);
    let gate = Gate::start_with(setup);
    let request = Client::request("GET", &format!("/{}", "x".repeat(60_000)), &[], "");
    assert!(client(&gate, &made).await.closed_while_sending(request.repeat(500)).await);
}

#[tokio::test]
async fn draining_does_not_wait_for_somebody_who_never_begins() {
    let mut gate = gate(&certificate(&make()));
    let _silent = TcpStream::connect(gate.address).await.unwrap();
    crate::support::within(gate.join()).await;
}
