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

mod admission;
mod attempts;
mod body;
mod bounds;
mod breakers;
mod cache;
mod call;
mod candidates;
mod connection;
mod core;
mod cors;
mod demand;
mod disposition;
mod draw;
mod error;
mod fields;
mod form;
mod forward;
mod further;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod head;
mod http2;
mod inbound;
mod item;
mod line;
mod message;
mod metrics;
mod model_routes;
mod models;
mod owed;
mod pricing;
mod rate_limit;
mod reservation;
mod resolve;
mod resource_body;
mod resource_list;
mod resources;
mod respond;
mod route;
mod server;
mod settle;
mod socket;
mod splice;
mod stream;
mod targets;
mod tls;
mod trail;
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
use keyward_access::{Budgets, KeyIndex, RateLimits, RequestCaps, ResourceStore, TrustedProxies};
use keyward_domain::{
    Clock, Randomness,
    id::{IdSource, RequestId},
};
use keyward_provider::http::{ClientOptions, Tls};
use keyward_telemetry::{decisions::DecisionLog, journal::Journal, list_prices::ListPrices};

pub use inbound::Inbound;
pub use metrics::{Metrics, OVERHEAD_BUCKETS, Snapshot};
pub use server::{Gateway, Running, StartError};
pub use tls::{CertificateError, ServerCertificate};

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
pub type ControlPlane = dyn Fn(Request<Inbound>, ConnectionInfo, RequestId) -> Pin<Box<dyn Future<Output = Response<ControlBody>> + Send>>
    + Send
    + Sync;

/// What the gateway works with.
pub struct GatewayParts {
    /// All keys, projects and credentials.
    pub index: Arc<KeyIndex>,
    /// Who counts the calls of capped keys.
    pub caps: RequestCaps,
    /// Who counts the calls of limited keys, projects and models.
    pub limits: RateLimits,
    /// Who counts what calls cost.
    pub budgets: Budgets,
    /// Whose the files, batches and responses at providers are.
    pub resources: Arc<dyn ResourceStore>,
    /// Where every completed call is recorded.
    pub journal: Arc<Journal>,
    /// Where it is noted why calls were let through or refused, if anybody keeps
    /// that: with as many buffers as there are cores.
    pub decisions: Option<Arc<DecisionLog>>,
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
    /// What the listener shows, if callers come over TLS; without one they come
    /// in the clear.
    pub certificate: Option<Arc<ServerCertificate>>,
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
    /// How long the body of a call may take to be whole.
    pub body_time: Duration,
    /// Bytes a second at which it comes at least, once `body_idle` is over.
    pub body_rate: u64,
    /// The bodies of all calls that are held at once, in bytes.
    pub bodies_limit: usize,
    /// What the response caches of all projects take, in bytes; with 0 nothing
    /// is kept.
    pub cache_memory: usize,
    /// Connections that may be open at once.
    pub max_connections: usize,
    /// As many of them may be one address's, unless it is a trusted proxy.
    pub max_connections_per_address: usize,
    /// How long a caller may take nothing of its answer while there is some.
    pub answer_idle: Duration,
    /// How long calls in flight may go on after [`Running::shutdown`].
    pub drain: Duration,
    /// Limits of calls to providers.
    pub client: ClientOptions,
    /// How long one attempt may take until an answer begins, where another
    /// credential can be asked instead.
    pub attempt_timeout: Duration,
    /// How long all attempts of a call may take until an answer begins. What
    /// has begun may take as long as it flows.
    pub call_timeout: Duration,
}

impl GatewayOptions {
    /// One core on `listen`, no proxy trusted, no origin allowed, bodies up to
    /// 20 MiB within ten minutes and 60 seconds between their pieces, 1 GiB of
    /// them in all, 64 MiB of answers in the cache, 1024 connections from wherever, 60 seconds for a caller
    /// that takes nothing, 30 seconds to drain.
    /// them in all, 1024 connections from wherever, 60 seconds for a caller
    /// that takes nothing, 30 seconds to drain, ten minutes for an attempt and
    /// fifteen for all of a call.
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            cores: 1,
            trusted_proxies: TrustedProxies::default(),
            allowed_origins: Vec::new(),
            body_limit: 20 << 20,
            body_idle: Duration::from_secs(60),
            body_time: Duration::from_secs(600),
            body_rate: 1024,
            bodies_limit: 1 << 30,
            cache_memory: 64 << 20,
            max_connections: 1024,
            max_connections_per_address: 1024,
            answer_idle: Duration::from_secs(60),
            drain: Duration::from_secs(30),
            client: ClientOptions::default(),
            attempt_timeout: Duration::from_secs(600),
            call_timeout: Duration::from_secs(900),
        }
    }
}
