//! A provider's answer on its way to the caller, polled by the server itself:
//! no task and no channel in between. What a read brings goes on at once.
//!
//! The call is settled before the last piece is handed on, and an answer that
//! isn't whole never ends cleanly: a stream gets its dialect's error event,
//! then the connection breaks.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use http_body::{Frame, SizeHint};
use keyward_provider::{
    Operation, UpstreamBody,
    error_frame::{StreamError, error_frame},
    tap::{ResponseTap, TapOutcome},
};

use crate::{
    cache::{MAX_ANSWER, Recording},
    error::CallError,
    settle::Settlement,
    watch::Watch,
};

/// The answer broke off; the connection to the caller is closed unfinished.
#[derive(Debug, thiserror::Error)]
#[error("the provider's answer broke off")]
pub(crate) struct BrokenOff;

/// One answer being forwarded.
pub(crate) struct Forwarding {
    operation: Operation,
    /// What must be done before the first piece is handed on; then there is a body.
    opening: Option<Pin<Box<dyn Future<Output = UpstreamBody>>>>,
    /// `None` once it is over. Dropping it ends the call at the provider.
    body: Option<UpstreamBody>,
    /// `None` once the call is settled.
    tap: Option<ResponseTap>,
    settlement: Box<Settlement>,
    /// Of a stream.
    watch: Option<Watch>,
    is_success: bool,
    length: Option<u64>,
    state: State,
    /// Writes the answer down for the cache, until it is settled.
    recording: Option<Recording>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Going,
    /// All was handed on.
    Whole,
    /// It broke off. The server writes out what it was given, then the
    /// connection breaks.
    Breaking,
    Broken,
}

impl Forwarding {
    /// `watch` is given for a stream and only for one.
    pub(crate) fn new(
        operation: Operation,
        is_success: bool,
        body: UpstreamBody,
        tap: ResponseTap,
        settlement: Box<Settlement>,
        watch: Option<Watch>,
    ) -> Self {
        let length = if watch.is_some() { None } else { body.exact_length() };
        let mut forwarding = Self {
            operation,
            opening: None,
            body: Some(body),
            tap: Some(tap),
            settlement,
            watch,
            is_success,
            length,
            state: State::Going,
            recording: None,
        };
        if forwarding.is_complete() {
            forwarding.settle();
            forwarding.state = State::Whole;
        }
        forwarding
    }

    /// A stream whose first piece waits until `opening` has made its body.
    pub(crate) fn opening(
        operation: Operation,
        opening: Pin<Box<dyn Future<Output = UpstreamBody>>>,
        tap: ResponseTap,
        settlement: Box<Settlement>,
        watch: Watch,
    ) -> Self {
        Self {
            operation,
            opening: Some(opening),
            body: None,
            tap: Some(tap),
            settlement,
            watch: Some(watch),
            is_success: true,
            length: None,
            state: State::Going,
            recording: None,
        }
    }

    /// Has the answer written down from its first piece on; whether there is
    /// anything that could be kept.
    pub(crate) fn record(&mut self, recording: Recording) -> bool {
        let is_possible = self.state == State::Going
            && self.opening.is_none()
            && self.length.is_none_or(|length| length <= MAX_ANSWER as u64);
        if is_possible {
            self.recording = Some(recording);
        }
        is_possible
    }

    pub(crate) fn is_end(&self) -> bool {
        self.state == State::Whole
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::new, SizeHint::with_exact)
    }

    pub(crate) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        loop {
            match self.state {
                State::Going => {}
                State::Whole => return Poll::Ready(None),
                State::Broken => return Poll::Ready(Some(Err(BrokenOff))),
                State::Breaking => return self.poll_break(cx),
            }
            if let Some(refusal) = self.watch.as_mut().and_then(|watch| watch.poll(cx)) {
                return self.break_off(&refusal.into(), cx);
            }
            if let Some(opening) = &mut self.opening {
                self.body = Some(ready!(opening.as_mut().poll(cx)));
                self.opening = None;
            }
            let Some(body) = &mut self.body else {
                self.state = State::Whole;
                continue;
            };
            let piece = match ready!(body.poll_next(cx)) {
                Some(Ok(piece)) => self.take(piece),
                None => match self.end() {
                    Ok(rest) => rest,
                    Err(error) => return self.break_off(&error, cx),
                },
                // Its last event was there: to the caller the call is over.
                Some(Err(_)) if self.tap.is_none() => {
                    self.body = None;
                    continue;
                }
                Some(Err(error)) => return self.break_off(&CallError::broken_answer(Some(&error)), cx),
            };
            if !piece.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(piece))));
            }
        }
    }

    fn is_complete(&self) -> bool {
        self.body.as_ref().is_none_or(UpstreamBody::is_complete)
    }

    /// What to hand on of a piece that came.
    fn take(&mut self, piece: Bytes) -> Bytes {
        let Some(tap) = &mut self.tap else { return self.last(piece) };
        let piece = tap.take(piece);
        if tap.has_ended() || self.is_complete() {
            let outcome = self.settle();
            let is_sound = outcome.as_ref().is_some_and(|outcome| outcome.clean && !outcome.failed);
            let piece = join(piece, outcome.map_or_else(Bytes::new, |outcome| outcome.rest));
            self.keep(&piece, is_sound);
            return self.last(piece);
        }
        if let Some(recording) = &mut self.recording {
            recording.take(&piece);
        }
        piece
    }

    /// Keeps what was written down, if it is all of a sound answer.
    fn keep(&mut self, last: &[u8], is_sound: bool) {
        if let Some(mut recording) = self.recording.take().filter(|_| is_sound && self.is_success) {
            recording.take(last);
            recording.keep();
        }
    }

    /// Tells the server with the last piece that it is the last.
    fn last(&mut self, piece: Bytes) -> Bytes {
        if self.is_complete() {
            self.state = State::Whole;
        }
        piece
    }

    /// The provider has ended its answer.
    fn end(&mut self) -> Result<Bytes, CallError> {
        let ends_by_close = self.body.as_ref().is_some_and(UpstreamBody::ends_by_close);
        // Of bytes that nobody reads only their framing tells the end.
        let is_proven = !ends_by_close || self.tap.as_ref().is_some_and(|tap| !tap.is_unread());
        let rest = match self.settle() {
            Some(outcome) if ends_by_close && self.is_success && !outcome.clean => {
                return Err(CallError::broken_answer(None));
            }
            Some(outcome) => {
                self.keep(&outcome.rest, is_proven && outcome.clean && !outcome.failed);
                outcome.rest
            }
            None => Bytes::new(),
        };
        self.state = State::Whole;
        Ok(rest)
    }

    fn settle(&mut self) -> Option<TapOutcome> {
        let outcome = self.tap.take().map(ResponseTap::end);
        let asked = self.settlement.asked.take().filter(|_| self.is_success);
        self.settlement.close(outcome.as_ref().and_then(|outcome| outcome.used(asked.as_ref())), self.is_success);
        outcome
    }

    /// Gives the answer up: the provider's connection is closed, the caller is
    /// told where a stream can still tell.
    fn break_off(&mut self, error: &CallError, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        (self.body, self.opening, self.recording) = (None, None, None);
        self.state = State::Breaking;
        let place =
            self.tap.as_ref().filter(|tap| tap.is_between_events() && !tap.has_ended()).map(ResponseTap::events);
        self.settle();
        match place {
            Some(sequence_number) if self.watch.is_some() => {
                let told = StreamError { message: &error.message, kind: error.openai_type(), code: error.code };
                Poll::Ready(Some(Ok(Frame::data(error_frame(self.operation, &told, sequence_number)))))
            }
            _ => self.poll_break(cx),
        }
    }

    /// An error at once would throw away what the server hasn't written yet;
    /// it writes when there is nothing more for the moment.
    fn poll_break(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        self.state = State::Broken;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Drop for Forwarding {
    /// The caller hung up, or the process stops: what came until now is used.
    fn drop(&mut self) {
        self.settle();
    }
}

fn join(first: Bytes, second: Bytes) -> Bytes {
    if second.is_empty() {
        return first;
    }
    let mut both = BytesMut::with_capacity(first.len() + second.len());
    both.extend_from_slice(&first);
    both.extend_from_slice(&second);
    both.freeze()
}
