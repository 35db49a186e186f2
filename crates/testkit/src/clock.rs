//! A clock that stands until it is moved.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use keyward_domain::{Clock, Timestamp, clock::from_millis};

/// Begins at 2026-01-01T00:00:00Z.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// 2026-01-01T00:00:00Z in Unix seconds.
    pub const START: i64 = 1_767_225_600;

    /// Moves the time on by whole seconds.
    pub fn advance(&self, seconds: u64) {
        let by = Duration::from_secs(seconds).as_millis();
        self.0.fetch_add(i64::try_from(by).expect("a test stays within the calendar"), Ordering::AcqRel);
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self(AtomicI64::new(Self::START * 1000))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        from_millis(self.0.load(Ordering::Acquire))
    }
}
