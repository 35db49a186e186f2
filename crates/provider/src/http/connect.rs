//! A fresh connection: resolve, check every address against the guard,
//! connect to one of those very addresses, secure it. All within one limit.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls;

use super::client::ClientOptions;
use super::connection::Connection;
use super::endpoint::{Endpoint, Host};
use super::error::SendError;
use super::guard;
use super::stream::Stream;
use super::tls::Tls;

/// An answer may take minutes, in which nothing is on the wire; the
/// middleboxes of clouds forget a connection after 4–6 silent minutes.
const KEEPALIVE: TcpKeepalive =
    TcpKeepalive::new().with_time(Duration::from_secs(60)).with_interval(Duration::from_secs(20));

const NO_CONNECTION: &str = "no connection was made in time";

/// Opens a connection to `endpoint`. No error of this has sent anything.
pub(super) async fn connect(
    endpoint: &Endpoint,
    options: &ClientOptions,
    tls: &Tls,
) -> Result<Box<Connection>, SendError> {
    timeout(options.connect_timeout, open(endpoint, options, tls)).await.unwrap_or_else(|_| Err(timed_out(endpoint)))
}

async fn open(endpoint: &Endpoint, options: &ClientOptions, tls: &Tls) -> Result<Box<Connection>, SendError> {
    let by = Instant::now() + options.connect_timeout;
    let addresses = resolve(endpoint, options.allow_private).await?;
    let socket = dial(endpoint, &addresses, by).await?;
    // Without these a connection is slower or less durable, not wrong.
    let _ = socket.set_nodelay(true);
    let _ = SockRef::from(&socket).set_tcp_keepalive(&KEEPALIVE);
    let stream = secure(endpoint, socket, tls).await?;
    Ok(Connection::new(stream, Arc::clone(endpoint.origin()), options.head_timeout))
}

/// The addresses that may be connected to, in the resolver's order.
async fn resolve(endpoint: &Endpoint, allow_private: bool) -> Result<Vec<SocketAddr>, SendError> {
    let port = endpoint.port();
    let found: Vec<SocketAddr> = match endpoint.host() {
        Host::Address(address) => vec![SocketAddr::new(*address, port)],
        Host::Name(name) => {
            lookup_host((&**name, port)).await.map_err(|error| unreachable(endpoint, &error.to_string()))?.collect()
        }
    };
    if found.is_empty() {
        return Err(unreachable(endpoint, "its name has no address"));
    }
    let allowed: Vec<SocketAddr> =
        found.into_iter().filter(|address| allow_private || guard::is_public(address.ip())).collect();
    if allowed.is_empty() {
        return Err(SendError::Blocked { host: host(endpoint) });
    }
    Ok(allowed)
}

/// Tries one address after the other; each gets an equal share of the time
/// that is left, so that a silent one can't keep the next from its turn.
async fn dial(endpoint: &Endpoint, addresses: &[SocketAddr], by: Instant) -> Result<TcpStream, SendError> {
    let mut last = timed_out(endpoint);
    for (tried, address) in addresses.iter().enumerate() {
        let turns_left = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        let share = by.saturating_duration_since(Instant::now()) / turns_left;
        last = match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(socket)) => return Ok(socket),
            Ok(Err(error)) => unreachable(endpoint, &error.to_string()),
            Err(_) => timed_out(endpoint),
        };
    }
    Err(last)
}

async fn secure(endpoint: &Endpoint, socket: TcpStream, tls: &Tls) -> Result<Stream, SendError> {
    let Some(name) = endpoint.server_name() else {
        return Ok(Stream::Plain(socket));
    };
    let Some(config) = tls.config() else {
        return Err(SendError::Tls {
            host: host(endpoint),
            reason: "no trusted root certificate is known: install the system's ca-certificates".into(),
            sent: false,
        });
    };
    let stream = TlsConnector::from(Arc::clone(config))
        .connect(name.clone(), socket)
        .await
        .map_err(|error| broken(endpoint, &error, false))?;
    Ok(Stream::Tls(Box::new(stream)))
}

/// A stream's failure: what TLS refuses is told apart from a broken socket.
pub(super) fn broken(endpoint: &Endpoint, error: &io::Error, sent: bool) -> SendError {
    let is_tls = error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>());
    let (host, reason) = (host(endpoint), error.to_string().into());
    if is_tls { SendError::Tls { host, reason, sent } } else { SendError::Unreachable { host, reason, sent } }
}

/// The endpoint's host, as error messages name it.
pub(super) fn host(endpoint: &Endpoint) -> Box<str> {
    endpoint.host().to_string().into()
}

fn unreachable(endpoint: &Endpoint, reason: &str) -> SendError {
    SendError::Unreachable { host: host(endpoint), reason: reason.into(), sent: false }
}

fn timed_out(endpoint: &Endpoint) -> SendError {
    SendError::TimedOut { host: host(endpoint), waited_for: NO_CONNECTION, sent: false }
}
