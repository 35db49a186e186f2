//! Writing a request: head and body in one vectored write when the socket
//! takes them, else as far as it goes each time that the connection is
//! polled. A response may come meanwhile, so a write that breaks is not yet a
//! failure: the reader decides.

use std::io::IoSlice;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;

use super::stream::Stream;

/// A request on its way out. The head's memory is kept for the next one.
pub(super) struct Upload {
    head: Vec<u8>,
    body: Bytes,
    written: usize,
    state: State,
    touched: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Writing,
    Flushing,
    Done,
    Broken,
}

impl Upload {
    pub(super) fn new() -> Self {
        Self { head: Vec::with_capacity(1024), body: Bytes::new(), written: 0, state: State::Done, touched: false }
    }

    /// Begins the next request; `write_head` appends its head.
    pub(super) fn begin(&mut self, body: Bytes, write_head: impl FnOnce(&mut Vec<u8>)) {
        self.head.clear();
        write_head(&mut self.head);
        self.body = body;
        self.written = 0;
        self.state = State::Writing;
        self.touched = false;
    }

    /// Whether the whole request has been written.
    pub(super) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Whether any of it may have been written.
    pub(super) fn was_touched(&self) -> bool {
        self.touched
    }

    /// Writes what the socket takes now; `cx` is woken when it takes more.
    pub(super) fn poll(&mut self, stream: &mut Stream, cx: &mut Context<'_>) {
        while self.state == State::Writing {
            let head = self.head.get(self.written..).unwrap_or_default();
            let past_head = self.written.saturating_sub(self.head.len());
            let body = self.body.get(past_head..).unwrap_or_default();
            let slices = [IoSlice::new(head), IoSlice::new(body)];
            let Poll::Ready(result) = Pin::new(&mut *stream).poll_write_vectored(cx, &slices) else {
                return;
            };
            self.touched = true;
            match result {
                Ok(0) | Err(_) => self.end(State::Broken),
                Ok(count) => self.written += count,
            }
            if self.written == self.head.len() + self.body.len() {
                self.end(State::Flushing);
            }
        }
        if self.state == State::Flushing
            && let Poll::Ready(result) = Pin::new(stream).poll_flush(cx)
        {
            self.state = result.map_or(State::Broken, |()| State::Done);
        }
    }

    fn end(&mut self, state: State) {
        self.state = state;
        self.body = Bytes::new();
    }
}
