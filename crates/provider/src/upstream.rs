//! The one way out: every call to a provider, across the network or to the
//! built-in one, leaves here and answers with the same type.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use keyward_domain::provider::Dialect;

use crate::{
    Operation, Target,
    demo::{Demo, DemoBody},
    headers,
    http::{Body, BodyError, Client, OutgoingRequest, SendError},
};

/// Sends calls. One per runtime: pooled connections belong to the runtime that
/// opened them.
pub struct Upstream {
    pub(crate) client: Client,
    pub(crate) demo: Demo,
}

/// What is asked of a provider.
#[derive(Debug, Clone)]
pub struct Ask<'a> {
    /// How.
    pub method: Method,
    /// The path behind the provider's base URL, with nothing to be escaped in it.
    pub path: &'a str,
    /// Whose manners.
    pub dialect: Dialect,
    /// The kind of call; `None`: something that the provider keeps.
    pub operation: Option<Operation>,
}

impl From<Operation> for Ask<'_> {
    fn from(operation: Operation) -> Self {
        Self {
            method: operation.method(),
            path: operation.path(),
            dialect: operation.dialect(),
            operation: Some(operation),
        }
    }
}

/// An answer whose head has come.
#[derive(Debug)]
pub struct UpstreamResponse {
    /// The provider's status.
    pub status: StatusCode,
    /// What the caller may see of the provider's headers; see [`headers::to_caller`].
    pub headers: HeaderMap,
    /// The body, still to be read. Dropping it ends the call at the provider.
    pub body: UpstreamBody,
}

/// A provider's body as it arrives.
#[derive(Debug)]
pub enum UpstreamBody {
    /// Of a provider across the network.
    Network(Body),
    /// Of the built-in provider.
    Demo(DemoBody),
    /// Read ahead a little; see [`UpstreamBody::read_ahead`].
    Ahead(Box<Ahead>),
}

/// A body whose beginning was read and is still to be handed on.
#[derive(Debug)]
pub struct Ahead {
    first: Option<Bytes>,
    failed: Option<BodyError>,
    length: Option<u64>,
    rest: UpstreamBody,
}

impl Upstream {
    /// Puts the two ways together.
    pub const fn new(client: Client, demo: Demo) -> Self {
        Self { client, demo }
    }

    /// Sends one call: the caller's `query` (without `?`), those of its
    /// `headers` that may pass, and its body as it is. Dropping the future
    /// ends the call.
    ///
    /// What the provider refuses is an answer like any other; an error means
    /// that there is no answer ([`SendError::was_sent`] tells whether the
    /// provider may have begun). `begun` tells the same of a future that was
    /// dropped: `true` from the moment that anything may have been written.
    pub async fn send(
        &self,
        target: &Target,
        ask: impl Into<Ask<'_>>,
        query: Option<&str>,
        headers: &HeaderMap,
        body: Bytes,
        begun: &AtomicBool,
    ) -> Result<UpstreamResponse, SendError> {
        let ask = ask.into();
        let Some(network) = target.network() else {
            begun.store(true, Ordering::Relaxed);
            return Ok(match ask.operation {
                Some(operation) => self.demo.answer(operation, &body),
                None => Demo::keeps_nothing(),
            });
        };
        let path = [network.endpoint.path(), ask.path];
        let query = query.filter(|query| !query.is_empty()).map_or(["", ""], |query| ["?", query]);
        let request = OutgoingRequest {
            method: ask.method,
            target: &[path, query].concat().concat(),
            headers: &target.headers(headers, ask.dialect),
            body,
        };
        let answer = self.client.send_noting(&network.endpoint, request, begun).await?;
        Ok(UpstreamResponse {
            status: answer.status,
            headers: headers::to_caller(answer.headers),
            body: UpstreamBody::Network(answer.body),
        })
    }

    /// Closes pooled connections that have been unused for too long. Calls do
    /// so by themselves; a timer may ask for it in quiet times.
    pub fn close_aged(&self) {
        self.client.close_aged();
    }
}

impl UpstreamBody {
    /// The next piece, never empty; `None` is the clean end, and a failure is
    /// never followed by it. Cancel-safe: dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Result<Bytes, BodyError>> {
        std::future::poll_fn(|cx| self.poll_next(cx)).await
    }

    /// [`UpstreamBody::next`] for whoever polls.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        match self {
            Self::Network(body) => body.poll_next(cx),
            Self::Demo(body) => body.poll_next(cx).map(|piece| piece.map(Ok)),
            Self::Ahead(ahead) => match (ahead.first.take(), ahead.failed) {
                (Some(first), _) => Poll::Ready(Some(Ok(first))),
                (None, Some(error)) => Poll::Ready(Some(Err(error))),
                (None, None) => ahead.rest.poll_next(cx),
            },
        }
    }

    /// The body's length in bytes where it is known beforehand.
    pub fn exact_length(&self) -> Option<u64> {
        match self {
            Self::Network(body) => body.exact_length(),
            Self::Demo(body) => body.exact_length(),
            Self::Ahead(ahead) => ahead.length,
        }
    }

    /// Whether the body has ended cleanly; known with its last piece.
    pub fn is_complete(&self) -> bool {
        match self {
            Self::Network(body) => body.is_complete(),
            Self::Demo(body) => body.is_complete(),
            Self::Ahead(ahead) => ahead.first.is_none() && ahead.failed.is_none() && ahead.rest.is_complete(),
        }
    }

    /// Whether only the connection's end delimits the body, so that a body cut
    /// short can't be told from a whole one.
    pub fn ends_by_close(&self) -> bool {
        match self {
            Self::Network(body) => body.ends_by_close(),
            Self::Demo(_) => false,
            Self::Ahead(ahead) => ahead.rest.ends_by_close(),
        }
    }

    /// Reads until `enough` of what came, the end, a failure or more than
    /// `limit` bytes; answers what came, and the same body as if nothing of it
    /// had been read.
    pub async fn read_ahead(mut self, limit: usize, enough: impl Fn(&[u8]) -> bool) -> (Bytes, Self) {
        let length = self.exact_length();
        let (mut first, mut failed) = (Bytes::new(), None);
        while first.len() <= limit && !enough(&first) {
            match self.next().await {
                Some(Ok(piece)) if first.is_empty() => first = piece,
                Some(Ok(piece)) => first = [first, piece].concat().into(),
                Some(Err(error)) => {
                    failed = Some(error);
                    break;
                }
                None => break,
            }
        }
        let handed_on = Some(first.clone()).filter(|first| !first.is_empty());
        let ahead = Ahead { first: handed_on, failed, length, rest: self };
        (first, Self::Ahead(Box::new(ahead)))
    }

    /// The rest of the body as one piece of at most `limit` bytes.
    pub async fn collect(self, limit: usize) -> Result<Bytes, BodyError> {
        match self {
            Self::Network(body) => body.collect(limit).await,
            Self::Demo(body) => body.collect(limit).await,
            Self::Ahead(ahead) => {
                let Ahead { first, failed, rest, .. } = *ahead;
                let first = first.unwrap_or_default();
                match failed {
                    Some(error) => Err(error),
                    None if first.len() > limit => Err(BodyError::TooLarge),
                    None => {
                        let rest = Box::pin(rest.collect(limit - first.len())).await?;
                        Ok([first, rest].concat().into())
                    }
                }
            }
        }
    }
}
