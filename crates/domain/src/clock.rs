//! Time and randomness as things that are passed in.

use jiff::Timestamp;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// A cryptographically secure source of random bytes.
pub trait Randomness: Send + Sync {
    /// Fills the whole of `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// A moment as the databases keep it: milliseconds since 1970.
pub fn to_millis(moment: Timestamp) -> i64 {
    moment.as_millisecond()
}

/// Reads a stored moment; values outside the calendar become its nearest end.
pub fn from_millis(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(if millis < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

#[cfg(test)]
pub(crate) mod fixed {
    //! A clock that stands still and bytes that only count, for tests of rules.

    use std::sync::atomic::{AtomicU64, Ordering};

    use super::{Clock, Randomness, Timestamp};

    pub struct FixedClock(Timestamp);

    impl FixedClock {
        pub fn at(second: i64) -> Self {
            Self(Timestamp::from_second(second).unwrap())
        }
    }

    impl Clock for FixedClock {
        fn now(&self) -> Timestamp {
            self.0
        }
    }

    #[derive(Default)]
    pub struct CountingRandomness(AtomicU64);

    impl Randomness for CountingRandomness {
        fn fill(&self, bytes: &mut [u8]) {
            for chunk in bytes.chunks_mut(8) {
                let n = self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                chunk.copy_from_slice(&n.to_le_bytes()[..chunk.len()]);
            }
        }
    }
}
