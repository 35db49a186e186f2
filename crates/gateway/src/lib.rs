//! The gate itself: the data plane that applications call, and the one listener
//! of the process. Every call is authenticated, checked, counted, forwarded
//! byte for byte, and recorded in the usage journal before its last byte goes
//! out. What isn't the data plane is handed to a handler that the program gives.
//!
//! It does no I/O but the caller's, the provider's and the journal's: no
//! database, no lock that a call could wait on. It must not import the store,
//! the services or axum.
//!
//! Read [`Gateway::start`], then `call.rs`: one screen that tells a call's way.

mod body;
mod call;
mod connection;
mod core;
mod cors;
mod error;
mod fields;
mod forward;
mod head;
mod message;
mod model_routes;
mod models;
mod resolve;
mod respond;
mod route;
mod server;
mod settle;
mod socket;
mod splice;
mod stream;
mod targets;
mod watch;

use std::{
    future::Future,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use keyward_access::{KeyIndex, RequestCaps, TrustedProxies};
use keyward_domain::{
    Clock, Randomness,
    id::{IdSource, RequestId},
};
use keyward_provider::http::{ClientOptions, Tls};
use keyward_telemetry::{journal::Journal, list_prices::ListPrices};

pub use server::{Gateway, Running, StartError};

/// Any error, as hyper wants it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The body of an answer of what isn't the data plane.
pub type ControlBody = UnsyncBoxBody<Bytes, BoxError>;

/// What is known of a request's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionInfo {
    /// Who is connected.
    pub peer: SocketAddr,
    /// Whose address counts: the peer's, or the one that a trusted proxy names.
    pub client: IpAddr,
}

/// Answers what isn't the data plane. The answer gets the request id that is
/// given here as its `x-request-id`. Runs on the gateway's own threads: work
/// that takes long belongs elsewhere.
pub type ControlPlane = dyn Fn(Request<Incoming>, ConnectionInfo, RequestId) -> Pin<Box<dyn Future<Output = Response<ControlBody>> + Send>>
    + Send
    + Sync;

/// What the gateway works with.
pub struct GatewayParts {
    /// All keys, projects and credentials.
    pub index: Arc<KeyIndex>,
    /// Who counts the calls of capped keys.
    pub caps: RequestCaps,
    /// Where every completed call is recorded.
    pub journal: Arc<Journal>,
    /// What providers charge.
    pub prices: Arc<ListPrices>,
    /// The time, for keys that expire and for records.
    pub clock: Arc<dyn Clock>,
    /// Makes request ids.
    pub ids: Arc<IdSource>,
    /// For request ids.
    pub randomness: Arc<dyn Randomness>,
    /// Trusted roots for calls to providers.
    pub tls: Tls,
    /// Answers what isn't the data plane.
    pub control: Arc<ControlPlane>,
}

/// The gateway's settings.
#[derive(Debug, Clone)]
pub struct GatewayOptions {
    /// Where to listen; port 0 chooses one.
    pub listen: SocketAddr,
    /// Threads that serve, at least 1.
    pub cores: usize,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: TrustedProxies,
    /// Web origins whose pages may read answers, beside those that keys name;
    /// as browsers send them (`https://app.example.com`).
    pub allowed_origins: Vec<Box<str>>,
    /// The largest body of a call, in bytes.
    pub body_limit: usize,
    /// The longest pause within the body of a call.
    pub body_idle: Duration,
    /// How long a caller may take nothing of its answer while there is some.
    pub answer_idle: Duration,
    /// How long calls in flight may go on after [`Running::shutdown`].
    pub drain: Duration,
    /// Limits of calls to providers.
    pub client: ClientOptions,
}

impl GatewayOptions {
    /// One core on `listen`, no proxy trusted, no origin allowed, bodies up to
    /// 20 MiB and 60 seconds between their pieces, as long for a caller that takes nothing, 30 seconds to drain.
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            cores: 1,
            trusted_proxies: TrustedProxies::default(),
            allowed_origins: Vec::new(),
            body_limit: 20 << 20,
            body_idle: Duration::from_secs(60),
            answer_idle: Duration::from_secs(60),
            drain: Duration::from_secs(30),
            client: ClientOptions::default(),
        }
    }
}
