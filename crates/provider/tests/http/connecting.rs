//! Getting a connection, or a clear reason why not.

use std::time::Duration;

use keyward_provider::http::{Client, ClientOptions, Endpoint, SendError};
use tokio::net::{TcpListener, TcpSocket};

use super::support::{Provider, both, client, no_tls, options, post, text, within};

#[tokio::test]
async fn private_addresses_are_blocked_unless_allowed_in_every_spelling() {
    let provider = Provider::start().await;
    let port = provider.port();
    let guarded = Client::new(ClientOptions::default(), no_tls());
    for host in [
        "127.0.0.1",
        "localhost",
        "LOCALHOST",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "0.0.0.0",
        "0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "169.254.169.254",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "１２７.0.0.1",
    ] {
        let endpoint = Endpoint::parse(&format!("http://{host}:{port}")).unwrap();
        let error = within(post(&guarded, &endpoint)).await.unwrap_err();
        assert!(matches!(error, SendError::Blocked { .. }) && !error.was_sent(), "{host}: {error}");
    }
    let allowed = client();
    let ours = async { text(post(&allowed, &provider.endpoint).await.unwrap()).await };
    let response = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    assert_eq!(both(ours, provider.answer(response)).await.0, "ok");
}

#[tokio::test]
async fn a_port_that_nobody_listens_on_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let endpoint = Endpoint::parse(&format!("http://{address}")).unwrap();
    let error = within(post(&client(), &endpoint)).await.unwrap_err();
    assert!(matches!(error, SendError::Unreachable { .. }), "{error}");
    assert!(!error.was_sent());
}

#[tokio::test]
async fn a_name_without_addresses_is_unreachable() {
    // A label longer than DNS has: refused without asking anyone.
    let name = format!("{}.invalid", "a".repeat(64));
    let endpoint = Endpoint::parse(&format!("http://{name}")).unwrap();
    let error = within(post(&client(), &endpoint)).await.unwrap_err();
    assert!(matches!(error, SendError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains(&name), "{error}");
    assert!(!error.was_sent());
}

#[tokio::test]
async fn the_next_address_is_tried_when_one_refuses() {
    // "localhost" has ::1 too where IPv6 is on; only one of both is served.
    let provider = Provider::start().await;
    let endpoint = Endpoint::parse(&format!("http://localhost:{}", provider.port())).unwrap();
    let client = client();
    let ours = async { text(post(&client, &endpoint).await.unwrap()).await };
    let response = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    assert_eq!(both(ours, provider.answer(response)).await.0, "ok");
}

#[tokio::test]
async fn a_connection_that_is_not_made_in_time_times_out() {
    // A listener with a full backlog leaves the next SYN unanswered.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let mut fillers = Vec::new();
    while let Ok(Ok(filler)) =
        tokio::time::timeout(Duration::from_millis(200), tokio::net::TcpStream::connect(address)).await
    {
        fillers.push(filler);
    }
    let client = Client::new(ClientOptions { connect_timeout: Duration::from_millis(100), ..options() }, no_tls());
    let endpoint = Endpoint::parse(&format!("http://{address}")).unwrap();
    let error = within(post(&client, &endpoint)).await.unwrap_err();
    assert!(matches!(error, SendError::TimedOut { .. }), "{error}");
    assert!(!error.was_sent());
}
