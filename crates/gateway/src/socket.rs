//! The caller's connection under the HTTP server, which adds what the server
//! leaves out:
//!
//! - The server drops `Content-Length` when `Transfer-Encoding` stands beside
//!   it, but a proxy in front may have believed the other one: what came of a
//!   request's head is kept until the request is looked at.
//! - The server answers what it can't parse without a body: Keyward's envelope
//!   takes that answer's place.
//! - An answer given before the request's body was read must survive the close:
//!   what still comes is read and dropped for a moment, or the peer's operating
//!   system would discard the answer.

use std::{
    cell::{Cell, RefCell},
    future::Future as _,
    io::{self, IoSlice},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf as _, Bytes};
use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::{
    io::{AsyncRead as _, AsyncWrite as _, ReadBuf},
    time::Sleep,
};

use crate::line::Line;

/// The longest head that a request may have, in bytes.
pub(crate) const MAX_HEAD: usize = 64 * 1024;
/// How long and how much is read and dropped before a close.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 32 << 20;

/// A buffer that one core's connections read through, one at a time.
#[derive(Clone)]
pub(crate) struct Scratch(Rc<RefCell<Box<[u8]>>>);

impl Default for Scratch {
    fn default() -> Self {
        Self(Rc::new(RefCell::new(vec![0; 64 * 1024].into())))
    }
}

/// What the connection and the calls on it tell each other.
#[derive(Default)]
pub(crate) struct Wire {
    /// What came since the last call, up to [`MAX_HEAD`].
    head: RefCell<Vec<u8>>,
    /// The next head may have begun before that.
    unseen: Cell<bool>,
    /// A call is being answered.
    pub(crate) busy: Cell<bool>,
    /// The last call's body wasn't read to its end.
    pub(crate) unread: Cell<bool>,
}

impl Wire {
    /// How the head of the call that begins now says that its body is framed;
    /// asked only when it has a `Transfer-Encoding`.
    pub(crate) fn chunked_head(&self) -> ChunkedHead {
        let head = self.head.borrow();
        let has = |name: &[u8]| {
            memchr::memchr_iter(b'\n', &head)
                .filter_map(|at| head.get(at + 1..at + 1 + name.len()))
                .any(|line| line.eq_ignore_ascii_case(name))
        };
        if has(b"content-length") {
            ChunkedHead::TwoLengths
        } else if self.unseen.get() || !has(b"transfer-encoding") {
            ChunkedHead::Unseen
        } else {
            ChunkedHead::Clear
        }
    }

    /// Of a connection whose heads aren't read here.
    pub(crate) fn unread_heads() -> Rc<Self> {
        Rc::new(Self { busy: Cell::new(true), ..Self::default() })
    }

    /// A call begins: its head has been looked at.
    pub(crate) fn begin_call(self: &Rc<Self>) -> InCall {
        let mut head = self.head.borrow_mut();
        // What stands behind this head is its body, or the next head's beginning.
        self.unseen.set(!head.ends_with(b"\r\n\r\n"));
        if head.capacity() > KEPT_CAPACITY {
            *head = Vec::new();
        }
        head.clear();
        self.busy.set(true);
        InCall(Rc::clone(self))
    }
}

/// What is known of the head of a chunked request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ChunkedHead {
    /// It has no other length.
    Clear,
    /// It has a `Content-Length` too.
    TwoLengths,
    /// Some of it may have come together with an earlier request, unseen:
    /// nothing may follow it.
    Unseen,
}

/// A call is being answered, until this is dropped.
pub(crate) struct InCall(Rc<Wire>);

impl Drop for InCall {
    fn drop(&mut self) {
        self.0.busy.set(false);
    }
}

/// More memory than this isn't kept between two calls.
const KEPT_CAPACITY: usize = 8 * 1024;

/// The connection.
pub(crate) struct Socket {
    line: Line,
    wire: Rc<Wire>,
    scratch: Scratch,
    /// Makes the answer to what can't be parsed, from the server's status; of
    /// HTTP/1.1 alone.
    refuse: Option<Box<dyn Fn(u16) -> Bytes>>,
    /// Such an answer, still to be written.
    replacement: Bytes,
    /// How long the peer may take nothing, and since when it does.
    stall: Duration,
    stalled: Option<Pin<Box<Sleep>>>,
    closing: Option<(Pin<Box<Sleep>>, usize)>,
}

impl Socket {
    /// `stall`: how long the peer may take nothing of what is written.
    pub(crate) fn new(
        line: Line,
        wire: Rc<Wire>,
        scratch: Scratch,
        stall: Duration,
        refuse: Option<Box<dyn Fn(u16) -> Bytes>>,
    ) -> Self {
        Self { line, wire, scratch, refuse, replacement: Bytes::new(), stall, stalled: None, closing: None }
    }

    /// Writes what the peer takes.
    fn poll_take(&mut self, cx: &mut Context<'_>, parts: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.line).poll_write_vectored(cx, parts);
        self.poll_patience(written, cx)
    }

    /// A peer that takes nothing for long is given up: it would hold its
    /// connection, and a provider's, for ever.
    fn poll_patience<T>(&mut self, taken: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if taken.is_ready() {
            self.stalled = None;
            return taken;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(self.stall)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn poll_replacement(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.replacement.is_empty() {
            let replacement = self.replacement.clone();
            match ready!(self.poll_take(cx, &[IoSlice::new(&replacement)]))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.replacement.advance(written),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Reads and drops until the peer closes, or long enough.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (until, budget) = self.closing.get_or_insert_with(|| (Box::pin(tokio::time::sleep(LINGER)), LINGER_BYTES));
        let mut scratch = self.scratch.0.borrow_mut();
        while *budget > 0 {
            let mut buffer = ReadBuf::new(&mut scratch);
            match Pin::new(&mut self.line).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    *budget = budget.saturating_sub(buffer.filled().len());
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return until.as_mut().poll(cx),
            }
        }
        Poll::Ready(())
    }
}

impl Read for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, mut cursor: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let mut scratch = this.scratch.0.borrow_mut();
        let room = cursor.remaining().min(scratch.len());
        let mut buffer = ReadBuf::new(scratch.get_mut(..room).unwrap_or_default());
        ready!(Pin::new(&mut this.line).poll_read(cx, &mut buffer))?;
        cursor.put_slice(buffer.filled());
        if this.wire.busy.get() {
            this.wire.unseen.set(true);
        } else {
            let mut head = this.wire.head.borrow_mut();
            let room = MAX_HEAD.saturating_sub(head.len()).min(buffer.filled().len());
            head.extend_from_slice(buffer.filled().get(..room).unwrap_or_default());
        }
        Poll::Ready(Ok(()))
    }
}

impl Write for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_replacement(cx))?;
        if let Some(refuse) = &this.refuse
            && let Some(status) = automatic_refusal(parts)
        {
            this.replacement = refuse(status);
            this.wire.unread.set(true);
            return Poll::Ready(Ok(parts.iter().map(|part| part.len()).sum()));
        }
        this.poll_take(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_replacement(cx))?;
        let flushed = Pin::new(&mut this.line).poll_flush(cx);
        this.poll_patience(flushed, cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_replacement(cx))?;
        if this.closing.is_none() {
            let ended = Pin::new(&mut this.line).poll_shutdown(cx);
            ready!(this.poll_patience(ended, cx))?;
        }
        if this.wire.unread.get() {
            ready!(this.poll_linger(cx));
        }
        Poll::Ready(Ok(()))
    }
}

/// The status of an answer that the server made by itself: a head of its own
/// making and nothing else. All other answers carry Keyward's request id.
fn automatic_refusal(parts: &[IoSlice<'_>]) -> Option<u16> {
    let [first, rest @ ..] = parts else { return None };
    let status = first.strip_prefix(b"HTTP/1.1 4")?;
    let is_all = rest.iter().all(|part| part.is_empty());
    let is_bare =
        first.len() < 256 && first.ends_with(b"\r\n\r\n") && memchr::memmem::find(first, b"request-id").is_none();
    if !is_all || !is_bare {
        return None;
    }
    let digits = std::str::from_utf8(status.get(..2)?).ok()?;
    digits.parse::<u16>().ok().map(|digits| 400 + digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_servers_own_refusals_are_known_as_such() {
        let status = |text: &str| automatic_refusal(&[IoSlice::new(text.as_bytes())]);
        assert_eq!(status("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"), Some(400));
        assert_eq!(status("HTTP/1.1 431 Too Large\r\ndate: x\r\n\r\n"), Some(431));
        assert_eq!(status("HTTP/1.1 404 Not Found\r\nx-request-id: req_1\r\n\r\n"), None);
        assert_eq!(status("HTTP/1.1 200 OK\r\n\r\n"), None);
        assert_eq!(status("HTTP/1.1 400 Bad Request\r\n\r\nbody"), None);
        assert_eq!(status(""), None);
        let two = [IoSlice::new(b"HTTP/1.1 400 Bad Request\r\n\r\n"), IoSlice::new(b"x")];
        assert_eq!(automatic_refusal(&two), None);
    }

    #[test]
    fn a_length_line_is_found_in_any_letters() {
        let wire = Rc::new(Wire::default());
        let head = |text: &str| wire.head.borrow_mut().extend_from_slice(text.as_bytes());
        assert_eq!(wire.chunked_head(), ChunkedHead::Unseen);
        head("POST / HTTP/1.1\r\nX-Content-Length: 1\r\nTransfer-encoding: chunked\r\n\r\n");
        assert_eq!(wire.chunked_head(), ChunkedHead::Clear);
        head("Content-LENGTH: 1\r\n\r\n");
        assert_eq!(wire.chunked_head(), ChunkedHead::TwoLengths);
        drop(wire.begin_call());
        assert_eq!(wire.chunked_head(), ChunkedHead::Unseen);
        head("GET / HTTP/1.1\r\n\r\nPOST / HTTP/1.1\r\nContent-Length: 1\r\nx: ");
        drop(wire.begin_call());
        head("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n");
        assert_eq!(wire.chunked_head(), ChunkedHead::Unseen);
        drop(wire.begin_call());
        head("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n");
        assert_eq!(wire.chunked_head(), ChunkedHead::Clear);
    }
}
