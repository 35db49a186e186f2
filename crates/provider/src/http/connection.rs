//! One connection: its stream, its read buffer, the request that is being
//! written and the clock that limits waiting. It moves bytes; what they mean
//! is decided elsewhere.

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};

use super::deadline::Deadline;
use super::stream::Stream;
use super::upload::Upload;

/// What a read may bring at once. One allocation serves a connection as long
/// as its readers drop what they were given.
const READ_SIZE: usize = 16 * 1024;
/// After a read that filled the buffer: a large body is coming.
const LARGE_READ_SIZE: usize = 64 * 1024;
/// Free space below which the buffer is renewed.
const MIN_SPACE: usize = 4 * 1024;

/// A pooled connection that breaks this soon after a request was closed by
/// its peer before the request came. Later, the peer may have worked on it.
const STALE_WITHIN: Duration = Duration::from_secs(2);

/// Why no more bytes came.
pub(super) enum ReadError {
    Broken(io::Error),
    TimedOut,
}

pub(super) struct Connection {
    stream: Stream,
    /// Bytes read and not yet taken.
    pub(super) buffer: BytesMut,
    upload: Upload,
    deadline: Deadline,
    origin: Arc<str>,
    read_size: usize,
    answered: bool,
    keep_alive: bool,
}

impl Connection {
    pub(super) fn new(stream: Stream, origin: Arc<str>, first_limit: Duration) -> Box<Self> {
        Box::new(Self {
            stream,
            buffer: BytesMut::new(),
            upload: Upload::new(),
            deadline: Deadline::new(first_limit),
            origin,
            read_size: READ_SIZE,
            answered: false,
            keep_alive: false,
        })
    }

    /// The endpoint that this connection leads to.
    pub(super) fn origin(&self) -> &Arc<str> {
        &self.origin
    }

    /// Begins an exchange; bytes flow when the connection is read.
    pub(super) fn begin(
        &mut self,
        body: Bytes,
        head_limit: Duration,
        write_head: impl FnOnce(&mut Vec<u8>),
    ) {
        self.upload.begin(body, write_head);
        self.deadline.set(head_limit);
        self.answered = false;
    }

    /// The head has been read; waiting is limited anew for each read. A
    /// response that comes before the request is written ends the
    /// connection's usefulness: whether the peer reads the rest is unknown.
    pub(super) fn begin_body(&mut self, idle_limit: Duration, keep_alive: bool) {
        self.keep_alive = keep_alive && self.upload.is_done();
        self.progressed(idle_limit);
    }

    /// Something came; the next wait counts anew.
    pub(super) fn progressed(&mut self, idle_limit: Duration) {
        self.deadline.set(idle_limit);
    }

    /// Writes what is left of the request, then reads once into the buffer.
    /// Answers how much came; 0 is the peer's end. Cancel-safe.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, ReadError>> {
        self.upload.poll(&mut self.stream, cx);
        if self.buffer.capacity() - self.buffer.len() < MIN_SPACE {
            self.buffer.reserve(self.read_size);
        }
        let space = self.buffer.capacity() - self.buffer.len();
        match pin!(self.stream.read_buf(&mut self.buffer)).poll(cx) {
            Poll::Ready(Ok(count)) => {
                self.answered |= count > 0;
                if count == space {
                    self.read_size = LARGE_READ_SIZE;
                }
                Poll::Ready(Ok(count))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(ReadError::Broken(error))),
            Poll::Pending => {
                ready!(self.deadline.poll(cx));
                Poll::Ready(Err(ReadError::TimedOut))
            }
        }
    }

    /// Whether any byte of the present request may have been written.
    pub(super) fn was_sent(&self) -> bool {
        self.upload.was_touched()
    }

    /// Of a pooled connection that broke: whether the peer had closed it before
    /// the request reached it, so that sending it again is safe.
    pub(super) fn was_stale(&self) -> bool {
        !self.answered && self.deadline.waited() < STALE_WITHIN
    }

    /// Whether another request may follow, once a body has ended cleanly.
    pub(super) fn is_reusable(&self) -> bool {
        self.keep_alive && self.upload.is_done() && self.buffer.is_empty()
    }

    /// Made ready to wait in the pool.
    pub(super) fn rest(&mut self) {
        if self.read_size > READ_SIZE {
            self.read_size = READ_SIZE;
            self.buffer = BytesMut::new();
        }
    }

    /// Whether the peer has neither closed nor said anything unasked.
    pub(super) fn is_quiet(&mut self) -> bool {
        let mut byte = [0];
        let mut probe = ReadBuf::new(&mut byte);
        let mut cx = Context::from_waker(Waker::noop());
        Pin::new(&mut self.stream)
            .poll_read(&mut cx, &mut probe)
            .is_pending()
    }
}
