//! https against a server with a certificate made for the test.

use std::sync::Arc;

use http::Method;
use keyward_provider::http::{BodyError, Client, Endpoint, SendError, Tls};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use tokio_rustls::server::TlsStream;

use super::support::{both, client, options, post, send, text, within};

/// A TLS server for `name`, and what trusts it.
struct Secure {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    client: Client,
}

impl Secure {
    async fn start(name: &str, alpn: &[&str]) -> Self {
        let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        Self {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
            acceptor: TlsAcceptor::from(Arc::new(config)),
            client: Client::new(options(), Tls::with_roots(roots)),
        }
    }

    fn endpoint(&self, host: &str) -> Endpoint {
        let port = self.listener.local_addr().unwrap().port();
        Endpoint::parse(&format!("https://{host}:{port}/v1")).unwrap()
    }

    async fn accept(&self) -> std::io::Result<TlsStream<TcpStream>> {
        let (stream, _) = self.listener.accept().await.unwrap();
        self.acceptor.accept(stream).await
    }
}

async fn answer(stream: &mut TlsStream<TcpStream>, response: &str) -> Vec<u8> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n{}") {
        request.push(stream.read_u8().await.unwrap());
    }
    stream.write_all(response.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    request
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[tokio::test]
async fn a_trusted_server_is_called_again_and_again_on_one_connection() {
    let server = Secure::start("localhost", &["h2", "http/1.1"]).await;
    let endpoint = server.endpoint("localhost");
    let theirs = async {
        let mut stream = server.accept().await.unwrap();
        for _ in 0..3 {
            answer(&mut stream, OK).await;
        }
        stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec)
    };
    let ours = async {
        for _ in 0..3 {
            let response = post(&server.client, &endpoint).await.unwrap();
            assert_eq!(text(response).await, "ok");
        }
    };
    let ((), alpn) = both(ours, theirs).await;
    assert_eq!(alpn.as_deref(), Some(&b"http/1.1"[..]));
}

#[tokio::test]
async fn a_large_request_and_response_pass_through_tls() {
    let server = Secure::start("127.0.0.1", &[]).await;
    let endpoint = server.endpoint("127.0.0.1");
    let size = 4 << 20;
    let theirs = async {
        let mut stream = server.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let mut body = vec![0; size];
        stream.read_exact(&mut body).await.unwrap();
        let response = format!("HTTP/1.1 200 OK\r\ncontent-length: {size}\r\n\r\n");
        stream.write_all(response.as_bytes()).await.unwrap();
        stream.write_all(&body).await.unwrap();
        stream.flush().await.unwrap();
    };
    let ours = async {
        let sent = send(&server.client, &endpoint, Method::POST, vec![9; size]).await;
        sent.unwrap().body.collect(size).await.unwrap()
    };
    let (received, ()) = both(ours, theirs).await;
    assert!(received == vec![9; size]);
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let server = Secure::start("other.example", &[]).await;
    let endpoint = server.endpoint("localhost");
    let (result, accepted) = both(post(&server.client, &endpoint), server.accept()).await;
    let error = result.unwrap_err();
    assert!(matches!(error, SendError::Tls { .. }), "{error}");
    assert!(!error.was_sent());
    assert!(accepted.is_err());
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let trusted = Secure::start("localhost", &[]).await;
    let stranger = Secure::start("localhost", &[]).await;
    let endpoint = stranger.endpoint("localhost");
    let (result, _) = both(post(&trusted.client, &endpoint), stranger.accept()).await;
    assert!(matches!(result, Err(SendError::Tls { sent: false, .. })));
}

#[tokio::test]
async fn a_server_that_speaks_only_http_2_is_refused() {
    let server = Secure::start("localhost", &["h2"]).await;
    let endpoint = server.endpoint("localhost");
    let (result, _) = both(post(&server.client, &endpoint), server.accept()).await;
    assert!(matches!(result, Err(SendError::Tls { .. })));
}

#[tokio::test]
async fn https_without_any_trusted_root_says_what_is_missing() {
    let server = Secure::start("localhost", &[]).await;
    let endpoint = server.endpoint("localhost");
    let error = within(post(&client(), &endpoint)).await.unwrap_err();
    assert!(error.to_string().contains("ca-certificates"), "{error}");
    assert!(!error.was_sent());
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_an_error_before_anything_is_sent() {
    let server = Secure::start("localhost", &[]).await;
    let endpoint = server.endpoint("localhost");
    let theirs = async {
        let (mut stream, _) = server.listener.accept().await.unwrap();
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        stream
    };
    let (result, _stream) = both(post(&server.client, &endpoint), theirs).await;
    assert!(!result.unwrap_err().was_sent());
}

#[tokio::test]
async fn a_body_that_ends_by_close_needs_the_goodbye_of_tls() {
    let server = Secure::start("localhost", &[]).await;
    let endpoint = server.endpoint("localhost");
    for goodbye in [true, false] {
        let theirs = async {
            let mut stream = server.accept().await.unwrap();
            answer(&mut stream, "HTTP/1.1 200 OK\r\n\r\nsome").await;
            if goodbye {
                stream.shutdown().await.unwrap();
            }
        };
        let ours = async {
            let response = post(&server.client, &endpoint).await.unwrap();
            response.body.collect(100).await
        };
        let (body, ()) = both(ours, theirs).await;
        match goodbye {
            true => assert_eq!(body.unwrap(), "some"),
            false => assert_eq!(body, Err(BodyError::Truncated)),
        }
    }
}

#[tokio::test]
async fn a_pooled_tls_connection_that_was_closed_is_replaced() {
    let server = Secure::start("localhost", &[]).await;
    let endpoint = server.endpoint("localhost");
    for goodbye in [true, false] {
        let theirs = async {
            let mut stream = server.accept().await.unwrap();
            answer(&mut stream, OK).await;
            if goodbye {
                stream.shutdown().await.unwrap();
            }
            drop(stream);
            let mut stream = server.accept().await.unwrap();
            answer(&mut stream, "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok").await;
        };
        let ours = async {
            for _ in 0..2 {
                let response = post(&server.client, &endpoint).await.unwrap();
                assert_eq!(text(response).await, "ok");
            }
        };
        both(ours, theirs).await;
    }
}
