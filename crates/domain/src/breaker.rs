//! A circuit breaker: remembers the trouble that a project has with one of its
//! credentials, and says when calls are better sent elsewhere. One that never
//! failed needs no memory. Time is passed in.

use std::time::Duration;

use jiff::Timestamp;

/// Failures in a row that open it.
pub const FAILURES: u32 = 5;
/// How long it stays open the first time; each time that the probe fails,
/// twice as long.
pub const FIRST_REST: Duration = Duration::from_secs(10);
/// The longest that it stays open, whoever says so.
pub const LONGEST_REST: Duration = Duration::from_secs(300);
/// A probe of which nothing was heard for so long keeps no other from trying.
pub const PROBE_PATIENCE: Duration = Duration::from_secs(30);

/// One credential's trouble, as one project has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Breaker {
    /// In a row.
    failures: u32,
    /// How often it was opened since it was last closed.
    opened: u32,
    /// Since it was opened: calls go elsewhere until then.
    until: Option<Timestamp>,
    /// The provider asked for no calls until then.
    busy: Option<Timestamp>,
    /// Since when one call has been trying whether the trouble is over.
    probing: Option<Timestamp>,
}

impl Breaker {
    /// Until when calls are better sent elsewhere, if they are.
    pub fn open_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.until.max(self.busy).filter(|until| now < *until)
    }

    /// Whether a call may be sent now. After the rest one call is let through
    /// alone, and decides by its end.
    pub fn admits(&mut self, now: Timestamp) -> bool {
        if self.busy.is_some_and(|busy| now < busy) {
            return false;
        }
        let Some(until) = self.until else { return true };
        let is_probed = self.probing.is_some_and(|since| now < later(since, PROBE_PATIENCE));
        if now < until || is_probed {
            return false;
        }
        self.probing = Some(now);
        true
    }

    /// A call failed. `retry_after`: what the provider said.
    pub fn failed(&mut self, now: Timestamp, retry_after: Option<Duration>) {
        self.failures = self.failures.saturating_add(1);
        let was_probe = self.probing.take().is_some();
        if was_probe || (self.failures >= FAILURES && self.until.is_none_or(|until| until <= now)) {
            let rest = FIRST_REST.saturating_mul(1 << self.opened.min(5)).min(LONGEST_REST);
            self.opened = self.opened.saturating_add(1);
            self.until = Some(later(now, rest));
        }
        if let Some(wait) = retry_after {
            self.busy(now, wait);
        }
    }

    /// A call was answered: the trouble is over. What the provider asked for
    /// still holds.
    pub fn succeeded(&mut self, now: Timestamp) {
        *self = Self { busy: self.busy.filter(|busy| now < *busy), ..Self::default() };
    }

    /// The provider asks for no calls for so long.
    pub fn busy(&mut self, now: Timestamp, wait: Duration) {
        self.busy = self.busy.max(Some(later(now, wait.min(LONGEST_REST))));
    }

    /// Whether there is nothing to be remembered.
    pub fn is_clear(&self) -> bool {
        *self == Self::default()
    }
}

fn later(time: Timestamp, wait: Duration) -> Timestamp {
    time.checked_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn open(now: Timestamp) -> Breaker {
        let mut breaker = Breaker::default();
        for _ in 0..FAILURES {
            assert!(breaker.admits(now));
            breaker.failed(now, None);
        }
        breaker
    }

    #[test]
    fn failures_in_a_row_open_it_and_one_probe_decides() {
        let mut breaker = open(at(0));
        assert!(!breaker.admits(at(9)));
        assert!(breaker.admits(at(10)));
        assert!(!breaker.admits(at(11)), "one probe at a time");
        breaker.failed(at(12), None);
        assert_eq!(breaker.open_until(at(12)), Some(at(32)), "twice as long");
        assert!(breaker.admits(at(32)));
        assert!(breaker.admits(at(62)), "a probe that nobody heard of again");
        breaker.succeeded(at(63));
        assert!(breaker.is_clear());
    }

    #[test]
    fn what_a_provider_asks_for_is_kept_within_bounds() {
        let mut breaker = Breaker::default();
        breaker.busy(at(0), Duration::from_secs(7));
        assert_eq!(breaker.open_until(at(0)), Some(at(7)));
        breaker.succeeded(at(1));
        assert!(!breaker.admits(at(6)), "a call that was under way says nothing of new ones");
        assert!(breaker.admits(at(7)) && breaker.admits(at(7)), "no probe: it wasn't broken");
        breaker.failed(at(7), Some(Duration::from_secs(86_400)));
        assert_eq!(breaker.open_until(at(7)), Some(at(307)));
    }

    proptest! {
        #[test]
        fn it_is_never_closed_for_good_and_never_lets_two_probe(
            steps in prop::collection::vec((0..4_u8, 0..600_i64, prop::option::of(0..100_000_u64)), 0..60),
        ) {
            let (mut breaker, mut now) = (Breaker::default(), 0);
            for (step, pause, wait) in steps {
                now += pause;
                match step {
                    0 => breaker.failed(at(now), wait.map(Duration::from_secs)),
                    1 => breaker.busy(at(now), Duration::from_secs(wait.unwrap_or_default())),
                    2 => breaker.succeeded(at(now)),
                    _ if breaker.until.is_some() && breaker.admits(at(now)) => {
                        prop_assert!(breaker.open_until(at(now)).is_none());
                        prop_assert!(!breaker.admits(at(now)), "a second probe");
                    }
                    _ => {}
                }
                if let Some(until) = breaker.open_until(at(now)) {
                    prop_assert!(until <= at(now + 300));
                }
                let patience = i64::try_from(PROBE_PATIENCE.as_secs()).unwrap();
                let mut later = breaker;
                prop_assert!(later.admits(at(now + 300 + patience)));
            }
        }
    }
}
