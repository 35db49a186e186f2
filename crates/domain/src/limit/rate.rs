//! So many a minute, by the generic cell rate algorithm (ITU-T I.371): one
//! moment says all. It is the moment at which the bucket will be full again;
//! what is taken moves it on.

use std::time::Duration;

/// One minute in nanoseconds: how long an empty bucket takes to be full.
const MINUTE: i64 = 60_000_000_000;

/// So many a minute, at least 1. Also so many at once, when the bucket is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate(u64);

impl Rate {
    /// `per_minute`; 0 counts as 1.
    pub fn new(per_minute: u64) -> Self {
        Self(per_minute.max(1))
    }

    /// How long `amount` takes to come, in nanoseconds.
    fn time_of(self, amount: u64) -> i64 {
        let nanoseconds = u128::from(amount) * u128::from(MINUTE.unsigned_abs()) / u128::from(self.0);
        i64::try_from(nanoseconds).unwrap_or(i64::MAX)
    }

    /// Takes `amount` at `now` from a bucket that is full at `full_at` (both in
    /// nanoseconds since 1970). Answers when it is full then, or how long it
    /// takes until so much is there. More than fits takes all that fits.
    pub fn take(self, full_at: i64, amount: u64, now: i64) -> Result<i64, Duration> {
        let next = full_at.max(now).saturating_add(self.time_of(amount.min(self.0)));
        let over = next.saturating_sub(now).saturating_sub(MINUTE);
        if over > 0 { Err(Duration::from_nanos(over.unsigned_abs())) } else { Ok(next) }
    }

    /// Corrects what was taken: `more` was used beyond it, or (less than 0) not
    /// used. What is owed makes later calls wait.
    pub fn correct(self, full_at: i64, more: i64) -> i64 {
        let time = self.time_of(more.unsigned_abs());
        if more < 0 { full_at.saturating_sub(time) } else { full_at.saturating_add(time) }
    }

    /// How much is there at `now`.
    pub fn remaining(self, full_at: i64, now: i64) -> u64 {
        let free = MINUTE.saturating_sub(full_at.saturating_sub(now).max(0)).max(0);
        let whole = u128::from(free.unsigned_abs()) * u128::from(self.0) / u128::from(MINUTE.unsigned_abs());
        u64::try_from(whole).unwrap_or(u64::MAX)
    }

    /// How long it takes until the bucket is full.
    pub fn until_full(full_at: i64, now: i64) -> Duration {
        Duration::from_nanos(full_at.saturating_sub(now).max(0).unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: i64 = 1_000_000_000;

    #[test]
    fn a_full_bucket_gives_so_many_at_once_then_one_at_a_time() {
        for per_minute in [1, 3, 7, 10, 59, 61, 1000] {
            let rate = Rate::new(per_minute);
            let mut full_at = 0;
            for _ in 0..per_minute {
                full_at = rate.take(full_at, 1, 1000 * SECOND).unwrap();
            }
            let wait = rate.take(full_at, 1, 1000 * SECOND).unwrap_err();
            assert!(rate.take(full_at, 1, 1000 * SECOND + i64::try_from(wait.as_nanos()).unwrap()).is_ok());
            assert_eq!(rate.remaining(full_at, 1000 * SECOND), 0, "{per_minute}");
            assert_eq!(rate.remaining(full_at, 1060 * SECOND), per_minute);
        }
    }

    #[test]
    fn what_is_more_than_the_bucket_takes_all_of_it() {
        let rate = Rate::new(100);
        let full_at = rate.take(0, 5_000, 0).unwrap();
        assert_eq!(rate.remaining(full_at, 0), 0);
        assert!(rate.take(full_at, 1, 0).is_err());
    }

    proptest! {
        /// However calls come: in any stretch of time no more is let through
        /// than a full bucket and what comes meanwhile.
        #[test]
        fn never_more_than_the_bucket_and_what_comes(
            per_minute in 1..5_000u64,
            steps in prop::collection::vec((0..20_000i64, 1..50u64), 1..200),
        ) {
            let rate = Rate::new(per_minute);
            let (mut full_at, mut now) = (0, 1_800_000_000 * SECOND);
            let mut taken: Vec<(i64, u64)> = Vec::new();
            for (milliseconds, amount) in steps {
                now += milliseconds * 1_000_000;
                if let Ok(next) = rate.take(full_at, amount, now) {
                    full_at = next;
                    taken.push((now, amount.min(per_minute)));
                }
            }
            for from in 0..taken.len() {
                let mut sum = 0;
                for (at, amount) in &taken[from..] {
                    sum += amount;
                    let stretch = u128::try_from(at - taken[from].0).unwrap();
                    let came = stretch * u128::from(per_minute) / u128::try_from(MINUTE).unwrap() + 1;
                    prop_assert!(u128::from(sum) <= u128::from(per_minute) + came);
                }
            }
        }

        #[test]
        fn no_number_overflows(per_minute in any::<u64>(), full_at in any::<i64>(), amount in any::<u64>(), now in any::<i64>(), more in any::<i64>()) {
            let rate = Rate::new(per_minute);
            let _ = (rate.take(full_at, amount, now), rate.correct(full_at, more), rate.remaining(full_at, now), Rate::until_full(full_at, now));
        }
    }
}
