//! One attempt at a provider: how it ended, and whether the call may go on with
//! another one. Nothing here knows clocks or connections.

use std::time::Duration;

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// An answer that is the caller's, refusals of the request included.
    Answered,
    /// 429.
    RateLimited,
    /// 503 or 529.
    Overloaded,
    /// 500, 502 or 504.
    ProviderError,
    /// 401 or 403: the provider doesn't take Keyward's credential.
    CredentialRejected,
    /// No connection.
    Unreachable,
    /// The connection broke before an answer.
    BrokenOff,
    /// Nothing came in time.
    TimedOut,
    /// What came isn't proper HTTP.
    Malformed,
    /// The provider's address isn't allowed.
    Blocked,
    /// The request can't be written as HTTP.
    Unsendable,
}

/// How often the same provider is asked again, at most.
pub const MOST_REPEATS: usize = 2;
/// The longest wait that a provider may ask for and still be asked again.
pub const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// Before a provider that couldn't be connected to is asked again.
const BACKOFF: [Duration; MOST_REPEATS] = [Duration::from_millis(100), Duration::from_millis(400)];

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 11] = [
        Self::Answered,
        Self::RateLimited,
        Self::Overloaded,
        Self::ProviderError,
        Self::CredentialRejected,
        Self::Unreachable,
        Self::BrokenOff,
        Self::TimedOut,
        Self::Malformed,
        Self::Blocked,
        Self::Unsendable,
    ];

    /// What an answer of that status is.
    pub const fn of_status(status: u16) -> Self {
        match status {
            401 | 403 => Self::CredentialRejected,
            429 => Self::RateLimited,
            503 | 529 => Self::Overloaded,
            500 | 502 | 504 => Self::ProviderError,
            _ => Self::Answered,
        }
    }

    /// For logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::RateLimited => "rate_limited",
            Self::Overloaded => "overloaded",
            Self::ProviderError => "provider_error",
            Self::CredentialRejected => "credential_rejected",
            Self::Unreachable => "unreachable",
            Self::BrokenOff => "broken_off",
            Self::TimedOut => "timed_out",
            Self::Malformed => "malformed",
            Self::Blocked => "blocked",
            Self::Unsendable => "unsendable",
        }
    }

    /// Whether another credential is asked. `was_sent`: the provider may have
    /// begun to work on the call. `may_repeat`: a call that is worked on twice
    /// costs twice and does no other harm.
    pub const fn goes_on(self, was_sent: bool, may_repeat: bool) -> bool {
        match self {
            Self::Answered | Self::Blocked | Self::Unsendable => false,
            _ => !was_sent || may_repeat,
        }
    }

    /// After which wait the same credential may be asked again, when there is no
    /// other: it couldn't be connected to, or it says itself that it is busy for
    /// a moment only. `repeats`: how often the call was repeated so far.
    pub fn pause(
        self,
        was_sent: bool,
        may_repeat: bool,
        retry_after: Option<Duration>,
        repeats: usize,
    ) -> Option<Duration> {
        let backoff = *BACKOFF.get(repeats)?;
        match self {
            Self::Unreachable if !was_sent => Some(backoff),
            Self::RateLimited | Self::Overloaded if may_repeat => retry_after.filter(|wait| *wait <= LONGEST_WAIT),
            _ => None,
        }
    }

    /// Whether it speaks against the credential or its provider, so that calls
    /// are better sent elsewhere for a while.
    pub const fn is_failure(self) -> bool {
        !matches!(self, Self::Answered | Self::RateLimited | Self::Unsendable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_goes_on_where_another_may_help_and_nothing_is_done_twice() {
        for outcome in Outcome::ALL {
            let is_final = matches!(outcome, Outcome::Answered | Outcome::Blocked | Outcome::Unsendable);
            assert_eq!(outcome.goes_on(false, false), !is_final, "{outcome:?}");
            assert_eq!(outcome.goes_on(true, true), !is_final, "{outcome:?}");
            assert!(!outcome.goes_on(true, false), "{outcome:?}");
        }
    }

    #[test]
    fn only_passing_trouble_is_waited_out() {
        let second = Some(Duration::from_secs(1));
        let pause = |outcome: Outcome, sent, may_repeat, wait, repeats| outcome.pause(sent, may_repeat, wait, repeats);
        assert_eq!(pause(Outcome::Unreachable, false, false, None, 0), Some(BACKOFF[0]));
        assert_eq!(pause(Outcome::Unreachable, false, false, None, 2), None);
        assert_eq!(pause(Outcome::Unreachable, true, true, None, 0), None);
        for outcome in [Outcome::RateLimited, Outcome::Overloaded] {
            assert_eq!(pause(outcome, true, true, second, 1), second);
            assert_eq!(pause(outcome, true, false, second, 0), None);
            assert_eq!(pause(outcome, true, true, None, 0), None);
            assert_eq!(pause(outcome, true, true, Some(Duration::from_millis(2001)), 0), None);
        }
        for outcome in [Outcome::TimedOut, Outcome::BrokenOff, Outcome::ProviderError, Outcome::Answered] {
            assert_eq!(pause(outcome, true, true, second, 0), None);
        }
    }

    #[test]
    fn no_two_outcomes_have_one_name() {
        let names: std::collections::BTreeSet<_> = Outcome::ALL.iter().map(|outcome| outcome.as_str()).collect();
        assert_eq!(names.len(), Outcome::ALL.len());
    }
}
