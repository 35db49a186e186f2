//! What a limit remembers of the calls that it let through, and whether it lets
//! another one through. Pure: whoever keeps it, in memory or in a database,
//! keeps it for one call at a time.

use std::time::Duration;

use super::{Limits, Rate};

/// What a limit measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Requests in a minute.
    Requests,
    /// Tokens in a minute.
    Tokens,
    /// Calls at one time.
    Parallel,
}

impl Measure {
    /// Everything that a limit measures.
    pub const ALL: [Self; 3] = [Self::Requests, Self::Tokens, Self::Parallel];

    /// The name of the number that holds it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests_per_minute",
            Self::Tokens => "tokens_per_minute",
            Self::Parallel => "parallel_requests",
        }
    }
}

/// A limit's memory. The default is that of a limit that saw no call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LimitState {
    /// When the bucket of requests is full, in nanoseconds since 1970.
    pub requests_full_at: i64,
    /// When the bucket of tokens is full.
    pub tokens_full_at: i64,
    /// Calls under way.
    pub running: u64,
}

/// Why a limit doesn't let a call through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exceeded {
    /// What there is too much of.
    pub measure: Measure,
    /// The number that holds.
    pub limit: u64,
    /// How long it takes until such a call could be let through; `None`: when
    /// another one ends.
    pub wait: Option<Duration>,
}

/// How one bucket stands, for `x-ratelimit-*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gauge {
    /// The number that holds.
    pub limit: u64,
    /// What is left of it now.
    pub remaining: u64,
    /// How long it takes until all of it is there.
    pub until_full: Duration,
}

/// How the buckets stand that apply to a call: of several, the one with least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// Requests.
    pub requests: Option<Gauge>,
    /// Tokens.
    pub tokens: Option<Gauge>,
}

impl LimitState {
    /// What it remembers once a call of about `tokens` is let through at `now`;
    /// or why it isn't, by what takes longest.
    pub fn admit(self, limits: &Limits, tokens: u64, now: i64) -> Result<Self, Exceeded> {
        let mut next = self;
        let mut worst: Option<Exceeded> = None;
        let mut refuse = |exceeded: Exceeded| {
            if worst.is_none_or(|known| known.wait < exceeded.wait) {
                worst = Some(exceeded);
            }
        };
        if let Some(limit) = limits.parallel_requests
            && self.running >= limit
        {
            refuse(Exceeded { measure: Measure::Parallel, limit, wait: None });
        }
        if let Some(limit) = limits.requests_per_minute {
            match Rate::new(limit).take(self.requests_full_at, 1, now) {
                Ok(full_at) => next.requests_full_at = full_at,
                Err(wait) => refuse(Exceeded { measure: Measure::Requests, limit, wait: Some(wait) }),
            }
        }
        if let Some(limit) = limits.tokens_per_minute {
            match Rate::new(limit).take(self.tokens_full_at, tokens, now) {
                Ok(full_at) => next.tokens_full_at = full_at,
                Err(wait) => refuse(Exceeded { measure: Measure::Tokens, limit, wait: Some(wait) }),
            }
        }
        next.running = self.running.saturating_add(1);
        worst.map_or(Ok(next), Err)
    }

    /// The number that holds for `measure`, and what is left of it at `now`; `None`
    /// where there is none.
    pub fn remaining(&self, limits: &Limits, measure: Measure, now: i64) -> Option<(u64, u64)> {
        let of_bucket = |limit: u64, full_at| (limit, Rate::new(limit).remaining(full_at, now));
        match measure {
            Measure::Requests => limits.requests_per_minute.map(|limit| of_bucket(limit, self.requests_full_at)),
            Measure::Tokens => limits.tokens_per_minute.map(|limit| of_bucket(limit, self.tokens_full_at)),
            Measure::Parallel => limits.parallel_requests.map(|limit| (limit, limit.saturating_sub(self.running))),
        }
    }

    /// A call has ended that used `used` tokens where `taken` were counted on.
    #[must_use]
    pub fn ended(self, limits: &Limits, taken: u64, used: u64) -> Self {
        Self { running: self.running.saturating_sub(1), ..self.corrected(limits, taken, used) }
    }

    /// The tokens of a call are known now.
    #[must_use]
    pub fn corrected(mut self, limits: &Limits, taken: u64, used: u64) -> Self {
        if let Some(limit) = limits.tokens_per_minute {
            let used = i64::try_from(used).unwrap_or(i64::MAX);
            let taken = i64::try_from(taken.min(limit)).unwrap_or(i64::MAX);
            self.tokens_full_at = Rate::new(limit).correct(self.tokens_full_at, used.saturating_sub(taken));
        }
        self
    }

    /// A call that was let through was never sent.
    #[must_use]
    pub fn taken_back(self, limits: &Limits, taken: u64) -> Self {
        let mut back = self.ended(limits, taken, 0);
        if let Some(limit) = limits.requests_per_minute {
            back.requests_full_at = Rate::new(limit).correct(back.requests_full_at, -1);
        }
        back
    }
}

/// What one limit makes of a call that isn't refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// What the limit remembers: of the call too, where it counts it.
    pub state: LimitState,
    /// What there is too much of for a limit in shadow mode, which doesn't count
    /// the call then.
    pub would_refuse: Option<Measure>,
}

impl Look {
    /// Lets a call of about `tokens` through at `now`, as `state` stands. A limit in
    /// shadow mode lets every call through; what it would have refused it counts as
    /// little as if it had.
    pub fn admit(state: LimitState, limits: &Limits, tokens: u64, now: i64) -> Result<Self, Exceeded> {
        match state.admit(limits, tokens, now) {
            Ok(state) => Ok(Self { state, would_refuse: None }),
            Err(exceeded) if limits.shadow => Ok(Self { state, would_refuse: Some(exceeded.measure) }),
            Err(exceeded) => Err(exceeded),
        }
    }

    /// How `state` stands to a call that another limit refuses: no limit counts it.
    pub fn refused(state: LimitState, limits: &Limits, tokens: u64, now: i64) -> Self {
        let exceeded = state.admit(limits, tokens, now).err().filter(|_| limits.shadow);
        Self { state, would_refuse: exceeded.map(|exceeded| exceeded.measure) }
    }

    /// Whether the limit counts the call.
    pub const fn is_counted(&self) -> bool {
        self.would_refuse.is_none()
    }
}

impl Standing {
    /// Takes in how one more limit stands at `now`. One in shadow mode is nothing
    /// that a caller has to mind.
    pub fn note(&mut self, limits: &Limits, state: &LimitState, now: i64) {
        if limits.shadow {
            return;
        }
        let note = |kept: &mut Option<Gauge>, limit: Option<u64>, full_at: i64| {
            let Some(limit) = limit else { return };
            let rate = Rate::new(limit);
            let gauge =
                Gauge { limit, remaining: rate.remaining(full_at, now), until_full: Rate::until_full(full_at, now) };
            if kept.is_none_or(|known| gauge.remaining < known.remaining) {
                *kept = Some(gauge);
            }
        };
        note(&mut self.requests, limits.requests_per_minute, state.requests_full_at);
        note(&mut self.tokens, limits.tokens_per_minute, state.tokens_full_at);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_800_000_000_000_000_000;

    fn limits(requests: u64, tokens: u64, parallel: u64) -> Limits {
        Limits {
            requests_per_minute: Some(requests),
            tokens_per_minute: Some(tokens),
            parallel_requests: Some(parallel),
            shadow: false,
        }
    }

    #[test]
    fn a_limit_in_shadow_mode_goes_on_as_if_it_had_refused() {
        let enforced = limits(1, 100, 5);
        let shadow = Limits { shadow: true, ..enforced };
        let first = Look::admit(LimitState::default(), &shadow, 10, NOW).unwrap();
        assert_eq!((first.would_refuse, first.state.running), (None, 1));
        let second = Look::admit(first.state, &shadow, 10, NOW).unwrap();
        assert_eq!(second, Look { state: first.state, would_refuse: Some(Measure::Requests) });
        assert!(!second.is_counted());
        assert!(Look::admit(first.state, &enforced, 10, NOW).is_err());
        assert_eq!(Look::refused(first.state, &shadow, 10, NOW), second);
        assert_eq!(Look::refused(first.state, &enforced, 10, NOW).would_refuse, None);
        let mut standing = Standing::default();
        standing.note(&shadow, &first.state, NOW);
        assert_eq!(standing, Standing::default());
    }

    #[test]
    fn a_refusal_names_what_takes_longest() {
        let limits = limits(60, 600, 1);
        let state = LimitState::default().admit(&limits, 600, NOW).unwrap();
        let refused = state.admit(&limits, 60, NOW).unwrap_err();
        let wait = Some(Duration::from_secs(6));
        assert_eq!(refused, Exceeded { measure: Measure::Tokens, limit: 600, wait });
        let later = NOW + 60_000_000_000;
        let refused = state.admit(&limits, 60, later).unwrap_err();
        assert_eq!(refused, Exceeded { measure: Measure::Parallel, limit: 1, wait: None });
        assert!(state.ended(&limits, 600, 600).admit(&limits, 60, later).is_ok());
    }

    #[test]
    fn tokens_that_were_used_beyond_the_estimate_are_owed() {
        let limits = limits(100, 100, 9);
        let state = LimitState::default().admit(&limits, 10, NOW).unwrap().ended(&limits, 10, 250);
        let refused = state.admit(&limits, 1, NOW).unwrap_err();
        assert_eq!(refused.wait.map(|wait| wait.as_millis()), Some(90_600));
    }

    #[test]
    fn what_is_left_is_told_of_each_number_that_there_is() {
        let limits = Limits { tokens_per_minute: None, ..limits(10, 1, 3) };
        let state = LimitState::default().admit(&limits, 100, NOW).unwrap();
        let left = Measure::ALL.map(|measure| state.remaining(&limits, measure, NOW));
        assert_eq!(left, [Some((10, 9)), None, Some((3, 2))]);
    }

    #[test]
    fn of_several_limits_the_one_with_least_left_is_told() {
        let (wide, narrow) = (limits(100, 1000, 9), limits(10, 5000, 9));
        let state = LimitState::default().admit(&narrow, 100, NOW).unwrap();
        let mut standing = Standing::default();
        standing.note(&wide, &LimitState::default(), NOW);
        standing.note(&narrow, &state, NOW);
        assert_eq!(standing.requests.map(|gauge| (gauge.limit, gauge.remaining)), Some((10, 9)));
        assert_eq!(standing.tokens.map(|gauge| (gauge.limit, gauge.remaining)), Some((1000, 1000)));
    }

    proptest! {
        /// A call that is taken back leaves no trace; nothing leaks.
        #[test]
        fn what_is_taken_back_was_never_there(
            before in prop::collection::vec(1..40u64, 0..5), tokens in 0..2_000u64,
        ) {
            let limits = limits(7, 1_000, 10);
            let mut state = LimitState::default();
            for tokens in before {
                state = state.admit(&limits, tokens, NOW).unwrap_or(state);
            }
            if let Ok(admitted) = state.admit(&limits, tokens, NOW) {
                let back = admitted.taken_back(&limits, tokens);
                prop_assert_eq!(back.running, state.running);
                for (a, b) in [(back.requests_full_at, state.requests_full_at), (back.tokens_full_at, state.tokens_full_at)] {
                    prop_assert_eq!(a, b.max(NOW));
                }
            }
        }
    }
}
