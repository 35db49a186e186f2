//! A request's body as it comes in: not slower than it may, and no more of all
//! bodies at once than the process may hold. Whoever reads it gets an
//! [`io::Error`] of a kind that tells why it ends early: `TimedOut`,
//! `QuotaExceeded`, or another one when it broke off.

use std::{
    future::Future as _,
    io::{Error, ErrorKind},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::StatusCode;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

use crate::{GatewayOptions, error::CallError};

/// How slowly a body may come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// The longest pause; also the time before `rate` is asked for.
    idle: Duration,
    /// All of it.
    whole: Duration,
    /// Bytes for each second.
    rate: u64,
}

impl Pace {
    pub(crate) fn new(options: &GatewayOptions) -> Self {
        Self { idle: options.body_idle, whole: options.body_time, rate: options.body_rate.max(1) }
    }

    /// When a body that began at `began` and paused at `now`, so many bytes
    /// having come, has been waited for long enough; and what is wrong then.
    fn deadline(self, began: Instant, now: Instant, received: u64) -> (Instant, &'static str) {
        let earned = Duration::from_millis(received.saturating_mul(1000) / self.rate);
        let slow = began + self.idle.saturating_add(earned).min(self.whole);
        let idle = now + self.idle;
        if idle < slow { (idle, STOPPED) } else { (slow, TOO_SLOW) }
    }
}

const STOPPED: &str = "The request's body stopped coming before it was whole. Send it again.";
const TOO_SLOW: &str =
    "The request's body came too slowly to be waited for. Send it again over a faster connection, or send less.";
const NO_ROOM: &str =
    "Keyward holds as many bytes of requests at once as its memory allows. Try again shortly, or send less.";
const BROKEN: &str = "The request's body broke off or isn't framed as its headers say. Send it again.";

/// How many bytes of bodies the process holds, and may hold.
#[derive(Debug)]
pub(crate) struct Room {
    limit: usize,
    held: AtomicUsize,
}

impl Room {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, held: AtomicUsize::new(0) })
    }
}

/// One body's share of the room, given back when this is dropped.
struct Share {
    room: Arc<Room>,
    bytes: usize,
}

impl Share {
    fn grow(&mut self, bytes: usize) -> bool {
        let before = self.room.held.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
        before.saturating_add(bytes) <= self.room.limit
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.room.held.fetch_sub(self.bytes, Ordering::Relaxed);
        }
    }
}

/// A request's body. What came of it counts as held until this is dropped.
pub struct Inbound {
    incoming: Incoming,
    pace: Pace,
    share: Share,
    /// When it was first waited for.
    began: Option<Instant>,
    wait: Option<Wait>,
}

/// Runs out when enough was waited.
struct Wait {
    sleep: Pin<Box<Sleep>>,
    reason: &'static str,
    /// Nothing came since it was set.
    is_on: bool,
}

impl Inbound {
    pub(crate) fn new(incoming: Incoming, pace: Pace, room: Arc<Room>) -> Self {
        Self { incoming, pace, share: Share { room, bytes: 0 }, began: None, wait: None }
    }

    /// How long ago it was first waited for; nothing if it was there at once.
    pub(crate) fn waited(&self) -> Duration {
        self.began.map_or(Duration::ZERO, |began| began.elapsed())
    }

    /// Nothing came: says when that has been so for too long.
    fn poll_wait(&mut self, cx: &mut Context<'_>) -> Poll<Error> {
        if !self.wait.as_ref().is_some_and(|wait| wait.is_on) {
            let now = Instant::now();
            let began = *self.began.get_or_insert(now);
            let (deadline, reason) = self.pace.deadline(began, now, self.share.bytes as u64);
            match &mut self.wait {
                Some(wait) => {
                    wait.sleep.as_mut().reset(deadline);
                    (wait.reason, wait.is_on) = (reason, true);
                }
                None => {
                    let sleep = Box::pin(tokio::time::sleep_until(deadline));
                    self.wait = Some(Wait { sleep, reason, is_on: true });
                }
            }
        }
        match &mut self.wait {
            Some(wait) => wait.sleep.as_mut().poll(cx).map(|()| Error::new(ErrorKind::TimedOut, wait.reason)),
            None => Poll::Pending,
        }
    }
}

impl Body for Inbound {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.get_mut();
        let frame = match Pin::new(&mut this.incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => frame,
            Poll::Ready(Some(Err(_))) => return Poll::Ready(Some(Err(Error::new(ErrorKind::UnexpectedEof, BROKEN)))),
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Pending => return this.poll_wait(cx).map(|error| Some(Err(error))),
        };
        if let Some(wait) = &mut this.wait {
            wait.is_on = false;
        }
        let bytes = frame.data_ref().map_or(0, Bytes::len);
        if !this.share.grow(bytes) {
            return Poll::Ready(Some(Err(Error::new(ErrorKind::QuotaExceeded, NO_ROOM))));
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

impl CallError {
    /// Why a body wasn't read to its end.
    pub(crate) fn of_body(error: &Error) -> Self {
        let message = error.to_string();
        match error.kind() {
            ErrorKind::TimedOut => Self::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", message),
            ErrorKind::QuotaExceeded => Self::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_requests_held", message),
            _ => Self::bad_request("invalid_request_body", message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_earns_its_time_by_coming() {
        let pace = Pace { idle: Duration::from_secs(60), whole: Duration::from_secs(600), rate: 1024 };
        let began = Instant::now();
        let at = |seconds| began + Duration::from_secs(seconds);
        assert_eq!(pace.deadline(began, began, 0), (at(60), TOO_SLOW));
        assert_eq!(pace.deadline(began, at(30), 100 * 1024), (at(90), STOPPED));
        assert_eq!(pace.deadline(began, at(59), 59), (at(60) + Duration::from_millis(57), TOO_SLOW));
        assert_eq!(pace.deadline(began, at(150), 100 * 1024), (at(160), TOO_SLOW));
        assert_eq!(pace.deadline(began, at(590), u64::MAX), (at(600), TOO_SLOW));
        assert_eq!(pace.deadline(began, at(100), 20 << 20), (at(160), STOPPED));
    }

    #[test]
    fn what_a_body_held_is_given_back() {
        let room = Room::new(10);
        let share = || Share { room: Arc::clone(&room), bytes: 0 };
        let (mut one, mut two) = (share(), share());
        assert!(one.grow(6) && two.grow(4) && !one.grow(1));
        drop(one);
        assert!(two.grow(6));
        drop(two);
        assert_eq!(room.held.load(Ordering::Relaxed), 0);
    }
}
