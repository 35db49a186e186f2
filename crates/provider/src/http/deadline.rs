//! How long a connection may keep its reader waiting. One timer lives as long
//! as the connection and is touched only when it must fire earlier than it is
//! set for, so that a read costs no visit to the timer wheel: a timer that
//! fires too early looks at the real deadline and is set again.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// A limit on waiting, counted from the first time that there was nothing to
/// read since [`Deadline::set`].
pub(super) struct Deadline {
    timer: Pin<Box<Sleep>>,
    limit: Duration,
    waiting_since: Option<Instant>,
}

impl Deadline {
    pub(super) fn new(limit: Duration) -> Self {
        Self { timer: Box::pin(sleep(limit)), limit, waiting_since: None }
    }

    /// Starts over with a new limit; the next wait begins to count.
    pub(super) fn set(&mut self, limit: Duration) {
        self.limit = limit;
        self.waiting_since = None;
    }

    /// How long the present wait has lasted.
    pub(super) fn waited(&self) -> Duration {
        self.waiting_since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// To be polled whenever there is nothing to read; ready when that has
    /// lasted for the limit.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        let due = since + self.limit;
        if self.timer.deadline() > due {
            self.timer.as_mut().reset(due);
        }
        loop {
            ready!(self.timer.as_mut().poll(cx));
            if self.timer.deadline() == due {
                return Poll::Ready(());
            }
            self.timer.as_mut().reset(due);
        }
    }
}
