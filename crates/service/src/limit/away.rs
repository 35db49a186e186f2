//! Whether the shared counts were out of reach a moment ago. What is only counted to
//! be told (limits and budgets in shadow mode) doesn't wait for them then.

use std::sync::atomic::{AtomicI64, Ordering};

/// How long nothing is tried, in milliseconds.
const REST_MS: i64 = 5_000;

/// When the shared counts were last out of reach, in milliseconds since 1970; 0: they
/// were reached since.
#[derive(Debug, Default)]
pub(crate) struct Away(AtomicI64);

impl Away {
    /// Notes how an attempt ended.
    pub fn note(&self, reached: bool, now_ms: i64) {
        let before = self.0.load(Ordering::Relaxed);
        let after = if reached { 0 } else { now_ms };
        if before != after {
            self.0.store(after, Ordering::Relaxed);
        }
    }

    /// Whether an attempt would most likely wait for nothing. A clock that was put
    /// back doesn't make that longer.
    pub fn is_likely(&self, now_ms: i64) -> bool {
        (0..REST_MS).contains(&now_ms.saturating_sub(self.0.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_failure_nothing_is_tried_for_five_seconds_or_until_something_was_reached() {
        let away = Away::default();
        let now = 1_800_000_000_000;
        assert!(!away.is_likely(now));
        away.note(false, now);
        assert_eq!([now, now + 4_999, now + 5_000, now - 1].map(|at| away.is_likely(at)), [true, true, false, false]);
        away.note(true, now);
        assert!(!away.is_likely(now));
    }
}
