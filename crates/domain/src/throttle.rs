//! How often something may go wrong before whoever tries must wait: some
//! attempts are free, then there are pauses, each twice as long as the one
//! before. An attempt counts when it begins, so that trying everything at once
//! gains nothing, and is taken back when it goes well.
//!
//! Bounded in memory, and forgetful: a restart begins anew.

use std::{collections::HashMap, hash::Hash};

use jiff::{SignedDuration, Timestamp};

/// What is allowed.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// Attempts within `window` before the first pause.
    pub free: u32,
    /// For how long an attempt counts; also how long nothing must go wrong
    /// behind a pause until all attempts are free again.
    pub window: SignedDuration,
    /// The first pause.
    pub pause: SignedDuration,
    /// No pause is longer.
    pub longest_pause: SignedDuration,
}

/// Counts attempts for each of many keys.
#[derive(Debug)]
pub struct Throttle<K> {
    limit: Limit,
    capacity: usize,
    entries: HashMap<K, Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    /// When counting began.
    since: Timestamp,
    /// Attempts since then.
    attempts: u32,
    /// Pauses so far.
    pauses: u32,
    /// The end of the last one.
    until: Timestamp,
}

/// An attempt that was counted.
#[derive(Debug, Clone, Copy)]
#[must_use = "take it back if the attempt goes well"]
pub struct Counted {
    /// The pause that follows it.
    until: Option<Timestamp>,
}

impl<K: Eq + Hash + Clone> Throttle<K> {
    /// Counts for at most `capacity` keys.
    pub fn new(limit: Limit, capacity: usize) -> Self {
        Self { limit, capacity, entries: HashMap::new() }
    }

    /// How long nothing may be tried; `None`: it may be tried now.
    pub fn wait(&self, key: &K, now: Timestamp) -> Option<SignedDuration> {
        let entry = self.entries.get(key)?;
        (entry.pauses > 0 && now < entry.until).then(|| entry.until.duration_since(now))
    }

    /// Counts an attempt that begins now.
    pub fn count(&mut self, key: &K, now: Timestamp) -> Counted {
        if !self.entries.contains_key(key) {
            self.make_room(now);
        }
        let limit = self.limit;
        let entry = self.entries.entry(key.clone()).or_insert_with(|| Entry::new(now));
        if entry.is_over(&limit, now) {
            *entry = Entry::new(now);
        }
        entry.attempts = entry.attempts.saturating_add(1);
        if entry.attempts < limit.free {
            return Counted { until: None };
        }
        let pause = limit.pause.saturating_mul(1 << entry.pauses.min(16)).min(limit.longest_pause);
        entry.pauses = entry.pauses.saturating_add(1);
        entry.until = now.checked_add(pause).unwrap_or(Timestamp::MAX);
        Counted { until: Some(entry.until) }
    }

    /// Takes an attempt back: it told whoever made it nothing.
    pub fn take_back(&mut self, key: &K, counted: Counted) {
        let Some(entry) = self.entries.get_mut(key) else { return };
        entry.attempts = entry.attempts.saturating_sub(1);
        if counted.until == Some(entry.until) && entry.pauses > 0 {
            entry.pauses -= 1;
            entry.until = entry.since;
        }
        if entry.attempts == 0 {
            self.entries.remove(key);
        }
    }

    /// Forgets all that was counted.
    pub fn clear(&mut self, key: &K) {
        self.entries.remove(key);
    }

    /// For how many keys it counts at the moment.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is counted at the moment.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// When all places are taken: forgets what doesn't count any more, and if
    /// that isn't enough the older half.
    fn make_room(&mut self, now: Timestamp) {
        if self.entries.len() < self.capacity {
            return;
        }
        let limit = self.limit;
        self.entries.retain(|_, entry| !entry.is_over(&limit, now));
        if self.entries.len() < self.capacity {
            return;
        }
        let mut begun: Vec<_> = self.entries.values().map(|entry| entry.since).collect();
        let middle = begun.len() / 2;
        let (_, median, _) = begun.select_nth_unstable(middle);
        let median = *median;
        self.entries.retain(|_, entry| entry.since > median);
    }
}

impl Entry {
    const fn new(now: Timestamp) -> Self {
        Self { since: now, attempts: 0, pauses: 0, until: now }
    }

    /// Whether nothing of it counts any more.
    fn is_over(&self, limit: &Limit, now: Timestamp) -> bool {
        let last = if self.pauses > 0 { self.until } else { self.since };
        now.duration_since(last) >= limit.window
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMIT: Limit = Limit {
        free: 5,
        window: SignedDuration::from_mins(15),
        pause: SignedDuration::from_secs(30),
        longest_pause: SignedDuration::from_mins(15),
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_767_225_600 + second).unwrap()
    }

    /// Tries if it may; answers whether it might.
    fn fail(throttle: &mut Throttle<u8>, key: u8, second: i64) -> bool {
        let may = throttle.wait(&key, at(second)).is_none();
        if may {
            let _ = throttle.count(&key, at(second));
        }
        may
    }

    #[test]
    fn five_are_free_and_each_pause_is_twice_as_long_up_to_a_quarter_of_an_hour() {
        let mut throttle = Throttle::new(LIMIT, 10);
        let mut now = 0;
        assert!((0..5).all(|_| fail(&mut throttle, 1, now)));
        for pause in [30, 60, 120, 240, 480, 900, 900] {
            assert_eq!(throttle.wait(&1, at(now)), Some(SignedDuration::from_secs(pause)));
            assert!(!fail(&mut throttle, 1, now + pause - 1));
            now += pause;
            assert!(fail(&mut throttle, 1, now));
        }
        now += 900 + 899;
        assert!(fail(&mut throttle, 1, now));
        assert_eq!(throttle.wait(&1, at(now)), Some(SignedDuration::from_secs(900)));
        now += 900 + 900;
        assert!((0..5).all(|_| fail(&mut throttle, 1, now)), "all is forgotten");
    }

    #[test]
    fn what_went_well_is_forgotten() {
        let mut throttle = Throttle::new(LIMIT, 10);
        assert!((0..5).all(|_| fail(&mut throttle, 1, 0)));
        throttle.clear(&1);
        assert!((0..4).all(|_| fail(&mut throttle, 1, 0)));
        let fifth = throttle.count(&1, at(0));
        assert!(throttle.wait(&1, at(0)).is_some(), "while the fifth is under way there is no sixth");
        throttle.take_back(&1, fifth);
        assert!(throttle.wait(&1, at(0)).is_none());
        assert!(fail(&mut throttle, 1, 0) && !fail(&mut throttle, 1, 0));
    }

    proptest! {
        #[test]
        fn nobody_tries_more_often_than_the_limit_says(steps in proptest::collection::vec((0i64..200, 0u8..3), 1..300)) {
            let (mut throttle, mut now) = (Throttle::new(LIMIT, 10), 0);
            let mut tried: [Vec<i64>; 3] = Default::default();
            for (step, key) in steps {
                now += step;
                if fail(&mut throttle, key, now) {
                    tried[usize::from(key)].push(now);
                }
            }
            for tried in tried {
                for (index, first) in tried.iter().enumerate() {
                    let within = tried[index..].iter().take_while(|at| **at < first + 900).count();
                    // Two windows may touch; behind them, five pauses fit into a quarter of an hour.
                    prop_assert!(within <= 2 * 5 + 5, "{within} in a quarter of an hour");
                }
            }
        }

        #[test]
        fn no_wait_is_longer_than_the_longest_and_behind_it_one_may_try(gaps in proptest::collection::vec(0i64..2000, 1..60)) {
            let (mut throttle, mut now) = (Throttle::new(LIMIT, 10), 0);
            for gap in gaps {
                now += gap;
                let wait = throttle.wait(&1, at(now)).map_or(0, |wait| wait.as_secs());
                prop_assert!(wait <= 900);
                now += wait;
                prop_assert!(fail(&mut throttle, 1, now));
            }
        }

        #[test]
        fn what_is_taken_back_never_makes_anybody_wait(times in proptest::collection::vec(0i64..100, 1..100)) {
            let (mut throttle, mut now) = (Throttle::new(LIMIT, 10), 0);
            for time in times {
                now += time;
                prop_assert!(throttle.wait(&1, at(now)).is_none());
                let counted = throttle.count(&1, at(now));
                throttle.take_back(&1, counted);
            }
            prop_assert!(throttle.is_empty());
        }

        #[test]
        fn others_never_make_anybody_wait_and_memory_is_bounded(keys in proptest::collection::vec(1u8..=255, 1..400)) {
            let mut throttle = Throttle::new(LIMIT, 16);
            for (second, key) in keys.into_iter().enumerate() {
                fail(&mut throttle, key, i64::try_from(second).unwrap());
                prop_assert!(throttle.len() <= 16);
                prop_assert!(throttle.wait(&0, at(0)).is_none());
            }
        }
    }
}
