//! One call: a connection from the pool or a fresh one, the request out, the
//! response head in. The body follows on the same connection ([`Body`]).

use std::fmt;
use std::future::poll_fn;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};

use super::body::Body;
use super::connect::{broken, connect, host};
use super::connection::{Connection, ReadError};
use super::endpoint::Endpoint;
use super::error::{Malformed, SendError};
use super::head::{self, ResponseHead};
use super::pool::Pool;
use super::request::OutgoingRequest;
use super::tls::Tls;

/// Interim responses (1xx) accepted before the final one.
const MAX_INTERIM: usize = 8;

/// Limits of a [`Client`].
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// Lets calls go to addresses that [`super::guard`] refuses.
    pub allow_private: bool,
    /// For name, TCP and TLS together. 10 s by default.
    pub connect_timeout: Duration,
    /// From the request to the whole response head. 600 s by default.
    pub head_timeout: Duration,
    /// Between two reads of a body. 300 s by default.
    pub idle_timeout: Duration,
    /// Connections kept open for one endpoint. 64 by default.
    pub max_idle_per_endpoint: usize,
    /// How long a connection is kept unused. 50 s by default.
    pub max_idle_age: Duration,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            allow_private: false,
            connect_timeout: Duration::from_secs(10),
            head_timeout: Duration::from_secs(600),
            idle_timeout: Duration::from_secs(300),
            max_idle_per_endpoint: 64,
            max_idle_age: Duration::from_secs(50),
        }
    }
}

/// The client and its pool. Pooled connections belong to the runtime that made
/// them: have one client per runtime.
pub struct Client {
    options: ClientOptions,
    tls: Tls,
    pool: Arc<Pool>,
}

/// A response whose head has been read.
pub struct Response {
    /// The final status, 200–599.
    pub status: StatusCode,
    /// End-to-end headers; the length is [`Body::exact_length`].
    pub headers: HeaderMap,
    /// The body, still to be read.
    pub body: Body,
}

impl Client {
    /// A client without connections. Clients may share `tls`.
    #[must_use]
    pub fn new(options: ClientOptions, tls: Tls) -> Self {
        let pool = Pool::new(options.max_idle_per_endpoint, options.max_idle_age);
        Self { options, tls, pool: Arc::new(pool) }
    }

    /// Sends `request` and reads the response's head. Dropping the future
    /// closes the connection. A pooled connection that turns out to have been
    /// closed by its peer before the request came is replaced once, silently.
    pub async fn send(&self, endpoint: &Endpoint, request: OutgoingRequest<'_>) -> Result<Response, SendError> {
        self.send_noting(endpoint, request, &AtomicBool::new(false)).await
    }

    /// [`Client::send`] for who may drop the future: `begun` is `true` from the
    /// moment that anything of the request may have been written.
    pub async fn send_noting(
        &self,
        endpoint: &Endpoint,
        request: OutgoingRequest<'_>,
        begun: &AtomicBool,
    ) -> Result<Response, SendError> {
        request.check()?;
        if let Some(mut connection) = self.pool.take(endpoint.origin()) {
            begun.store(true, Ordering::Relaxed);
            match self.exchange(&mut connection, endpoint, &request).await {
                Ok(head) => return Ok(self.response(head, connection)),
                Err(SendError::Unreachable { .. }) if connection.was_stale() => {}
                Err(error) => return Err(error),
            }
        }
        // Boxed: rare, and larger than all the rest of this future.
        let mut connection = Box::pin(connect(endpoint, &self.options, &self.tls)).await?;
        begun.store(true, Ordering::Relaxed);
        let head = self.exchange(&mut connection, endpoint, &request).await?;
        Ok(self.response(head, connection))
    }

    /// Closes pooled connections that have been unused for too long. Calls do
    /// so by themselves; for times without calls a timer may ask for it.
    pub fn close_aged(&self) {
        self.pool.close_aged();
    }

    async fn exchange(
        &self,
        connection: &mut Connection,
        endpoint: &Endpoint,
        request: &OutgoingRequest<'_>,
    ) -> Result<ResponseHead, SendError> {
        let body = request.body.clone();
        connection.begin(body, self.options.head_timeout, |out| {
            request.write_head(endpoint.authority(), out);
        });
        let malformed = |what| SendError::Malformed { host: host(endpoint), what };
        let mut interim = 0;
        loop {
            let end = read_head(connection, endpoint).await?;
            let bytes = connection.buffer.split_to(end).freeze();
            let head = head::parse(&bytes, request.method == Method::HEAD).map_err(malformed)?;
            if !head.status.is_informational() {
                connection.begin_body(self.options.idle_timeout, head.keep_alive);
                return Ok(head);
            }
            interim += 1;
            if head.status == StatusCode::SWITCHING_PROTOCOLS {
                return Err(malformed(Malformed::new("it switches to a protocol that nobody asked for")));
            }
            if interim > MAX_INTERIM {
                return Err(malformed(Malformed::new("it has too many interim responses")));
            }
        }
    }

    fn response(&self, head: ResponseHead, connection: Box<Connection>) -> Response {
        let pool = Arc::clone(&self.pool);
        Response {
            status: head.status,
            headers: head.headers,
            body: Body::new(connection, pool, head.body, self.options.idle_timeout),
        }
    }
}

/// Reads until the buffer holds a whole head; answers its length.
async fn read_head(connection: &mut Connection, endpoint: &Endpoint) -> Result<usize, SendError> {
    let mut scanned = 0;
    loop {
        let found = head::find_end(&connection.buffer, scanned);
        let found = found.map_err(|what| SendError::Malformed { host: host(endpoint), what })?;
        if let Some(end) = found {
            return Ok(end);
        }
        scanned = connection.buffer.len();
        let read = poll_fn(|cx| connection.poll_read(cx)).await;
        let sent = connection.was_sent();
        match read {
            Ok(0) => {
                return Err(SendError::Unreachable {
                    host: host(endpoint),
                    reason: "it closed the connection before it answered".into(),
                    sent,
                });
            }
            Ok(_) => {}
            Err(ReadError::Broken(error)) => return Err(broken(endpoint, &error, sent)),
            Err(ReadError::TimedOut) => {
                return Err(SendError::TimedOut { host: host(endpoint), waited_for: "no response came in time", sent });
            }
        }
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("status", &self.status).field("body", &self.body).finish_non_exhaustive()
    }
}
