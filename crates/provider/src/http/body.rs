//! A response body as it arrives. It owns its connection: reading to the
//! clean end gives the connection back to the pool, dropping the body before
//! that closes it, which is how a caller's hang-up reaches the provider.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::connection::{Connection, ReadError};
use super::error::BodyError;
use super::framing::Framing;
use super::head::BodyKind;
use super::pool::Pool;

/// The body of a [`super::Response`].
pub struct Body {
    /// Held until the end, clean or not.
    connection: Option<Box<Connection>>,
    pool: Arc<Pool>,
    kind: BodyKind,
    framing: Framing,
    idle_limit: Duration,
    failure: Option<BodyError>,
}

impl Body {
    pub(super) fn new(connection: Box<Connection>, pool: Arc<Pool>, kind: BodyKind, idle_limit: Duration) -> Self {
        let mut body =
            Self { connection: Some(connection), pool, kind, framing: Framing::new(kind), idle_limit, failure: None };
        if body.framing.is_done() {
            body.finish();
        }
        body
    }

    /// The next piece, never empty: all that one read brought. `None` is the
    /// clean end; a failure is answered again and again, never followed by
    /// `None`. Cancel-safe: dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Result<Bytes, BodyError>> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// [`Body::next`] for whoever polls.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        loop {
            let Some(connection) = &mut self.connection else {
                return Poll::Ready(self.failure.map(Err));
            };
            if !connection.buffer.is_empty() {
                let data = match self.framing.take(&mut connection.buffer) {
                    Ok(data) => data,
                    Err(what) => return self.fail(BodyError::Malformed(what)),
                };
                if self.framing.is_done() {
                    self.finish();
                }
                if !data.is_empty() {
                    return Poll::Ready(Some(Ok(data)));
                }
                continue;
            }
            match ready!(connection.poll_read(cx)) {
                Ok(1..) => connection.progressed(self.idle_limit),
                Ok(0) if self.ends_by_close() => self.finish(),
                Ok(0) | Err(ReadError::Broken(_)) => return self.fail(BodyError::Truncated),
                Err(ReadError::TimedOut) => return self.fail(BodyError::TimedOut),
            }
        }
    }

    /// The body's length in bytes when the head told it; 0 when there is none.
    #[must_use]
    pub fn exact_length(&self) -> Option<u64> {
        match self.kind {
            BodyKind::Empty => Some(0),
            BodyKind::Length(length) => Some(length),
            BodyKind::Chunked | BodyKind::UntilClose => None,
        }
    }

    /// Whether the body has ended cleanly; known with its last piece, before
    /// [`Body::next`] answers `None`.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.connection.is_none() && self.failure.is_none()
    }

    /// Whether only the connection's end delimits the body, so that a body
    /// cut short can't be told from a whole one.
    #[must_use]
    pub fn ends_by_close(&self) -> bool {
        self.kind == BodyKind::UntilClose
    }

    /// The rest of the body as one piece of at most `limit` bytes.
    pub async fn collect(mut self, limit: usize) -> Result<Bytes, BodyError> {
        if self.exact_length().is_some_and(|length| length > limit as u64) {
            return Err(BodyError::TooLarge);
        }
        let Some(first) = self.next().await.transpose()? else {
            return Ok(Bytes::new());
        };
        if first.len() > limit {
            return Err(BodyError::TooLarge);
        }
        if self.is_complete() {
            return Ok(first);
        }
        let mut whole = BytesMut::from(&*first);
        while let Some(piece) = self.next().await.transpose()? {
            if piece.len() > limit - whole.len() {
                return Err(BodyError::TooLarge);
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }

    fn finish(&mut self) {
        if let Some(connection) = self.connection.take()
            && connection.is_reusable()
        {
            self.pool.put(connection);
        }
    }

    fn fail(&mut self, error: BodyError) -> Poll<Option<Result<Bytes, BodyError>>> {
        self.connection = None;
        self.failure = Some(error);
        Poll::Ready(Some(Err(error)))
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Body")
            .field("kind", &self.kind)
            .field("complete", &self.is_complete())
            .field("failure", &self.failure)
            .finish_non_exhaustive()
    }
}
