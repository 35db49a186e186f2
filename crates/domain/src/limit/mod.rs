//! Rate limits: how many requests and tokens a minute, and how many calls at
//! once. A key has its own; a project has some for all of its calls and some for
//! models. A call has to be within all of those that apply to it.

mod rate;
mod state;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Invalid,
    id::{LimitId, OrganizationId, ProjectId},
    model::ModelPatterns,
    name::free_text,
};

pub use rate::Rate;
pub use state::{Exceeded, Gauge, LimitState, Look, Measure, Standing};

/// The highest number that a limit may be.
pub const MAX_LIMIT: i64 = 1_000_000_000;
/// Most limits that one project has: each is looked at by each of its calls.
pub const MAX_LIMITS_PER_PROJECT: usize = 100;
/// Longest model pattern, in characters.
const MAX_MODEL_CHARS: usize = 200;

/// Numbers that calls are held to; `None`: no limit of that kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Requests in a minute: a bucket of so many, filled up evenly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<u64>,
    /// Tokens (read and written) in a minute, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_per_minute: Option<u64>,
    /// Calls under way at one time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallel_requests: Option<u64>,
    /// Whether what goes beyond is only told, and let through.
    pub shadow: bool,
}

impl Limits {
    /// Whether nothing is limited.
    pub fn is_empty(&self) -> bool {
        Self { shadow: false, ..*self } == Self::default()
    }
}

/// An edit of numbers: `None` leaves one as it is, `Some(None)` takes it away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LimitsPatch {
    /// Another number of requests a minute, or none.
    pub requests_per_minute: Option<Option<u64>>,
    /// Another number of tokens a minute, or none.
    pub tokens_per_minute: Option<Option<u64>>,
    /// Another number of calls at one time, or none.
    pub parallel_requests: Option<Option<u64>>,
    /// Whether what goes beyond is only told.
    pub shadow: Option<bool>,
}

impl LimitsPatch {
    /// The numbers after the edit. Where none is left there is nothing that could
    /// be in shadow mode.
    pub fn apply(self, limits: Limits) -> Limits {
        let after = Limits {
            requests_per_minute: self.requests_per_minute.unwrap_or(limits.requests_per_minute),
            tokens_per_minute: self.tokens_per_minute.unwrap_or(limits.tokens_per_minute),
            parallel_requests: self.parallel_requests.unwrap_or(limits.parallel_requests),
            shadow: self.shadow.unwrap_or(limits.shadow),
        };
        Limits { shadow: after.shadow && !after.is_empty(), ..after }
    }
}

impl From<Limits> for LimitsPatch {
    /// Puts these numbers, and no others, in the place of any.
    fn from(limits: Limits) -> Self {
        Self {
            requests_per_minute: Some(limits.requests_per_minute),
            tokens_per_minute: Some(limits.tokens_per_minute),
            parallel_requests: Some(limits.parallel_requests),
            shadow: Some(limits.shadow),
        }
    }
}

/// Reads one number of a limit: 1 to 10^9.
pub fn parse_limit(param: &str, number: i64) -> Result<u64, Invalid> {
    u64::try_from(number).ok().filter(|_| (1..=MAX_LIMIT).contains(&number)).ok_or_else(|| {
        Invalid::new(param, format!("{param} must be 1 to {MAX_LIMIT}, or null for no limit of this kind."))
    })
}

/// A project's limit: for all of its calls, or for those to some models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProjectLimit {
    /// Its id.
    pub id: LimitId,
    /// Whose it is.
    #[serde(skip)]
    pub organization: OrganizationId,
    /// Whose calls it holds.
    #[serde(skip)]
    pub project: ProjectId,
    /// The models: a name or a glob such as `gpt-4o*`. Calls to all that it
    /// matches count together. `None`: all calls of the project.
    pub model: Option<String>,
    /// The numbers.
    #[serde(flatten)]
    pub limits: Limits,
    /// When it was made.
    #[serde(skip)]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(skip)]
    pub updated_at: Timestamp,
    /// Counts its changes, for `If-Match`.
    #[serde(skip)]
    pub version: i64,
}

impl ProjectLimit {
    /// Refuses a limit that limits nothing.
    pub fn check(limits: Limits) -> Result<Limits, Invalid> {
        if limits.is_empty() {
            let message = "This limit limits nothing. Give requests_per_minute, tokens_per_minute or parallel_requests, or delete it.";
            return Err(Invalid::new("requests_per_minute", message));
        }
        Ok(limits)
    }

    /// Reads `model`: a name or a glob; empty means all models.
    pub fn parse_model(text: &str) -> Result<Option<String>, Invalid> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        free_text("model", text, MAX_MODEL_CHARS)?;
        ModelPatterns::parse("model", vec![text.to_owned()])
            .map_err(|invalid| Invalid { param: "model".to_owned(), ..invalid })?;
        Ok(Some(text.to_owned()))
    }

    /// Notes that something was changed.
    pub fn touch(&mut self, now: Timestamp) {
        self.updated_at = now;
        self.version += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_one_to_a_billion() {
        assert_eq!(parse_limit("requests_per_minute", 1), Ok(1));
        assert_eq!(parse_limit("requests_per_minute", MAX_LIMIT), Ok(1_000_000_000));
        for wrong in [0, -1, MAX_LIMIT + 1, i64::MIN, i64::MAX] {
            assert_eq!(parse_limit("tokens_per_minute", wrong).unwrap_err().param, "tokens_per_minute");
        }
    }

    #[test]
    fn a_limit_names_a_model_a_glob_or_nothing() {
        assert_eq!(ProjectLimit::parse_model(" gpt-4o* "), Ok(Some("gpt-4o*".to_owned())));
        assert_eq!(ProjectLimit::parse_model("  "), Ok(None));
        for wrong in ["[", "a\u{7}b", &"x".repeat(201)] {
            assert_eq!(ProjectLimit::parse_model(wrong).unwrap_err().param, "model", "{wrong}");
        }
    }

    #[test]
    fn a_limit_that_limits_nothing_is_refused() {
        assert!(ProjectLimit::check(Limits::default()).is_err());
        let one = Limits { parallel_requests: Some(1), ..Limits::default() };
        assert_eq!(ProjectLimit::check(one), Ok(one));
        assert!(ProjectLimit::check(Limits { shadow: true, ..Limits::default() }).is_err());
    }

    #[test]
    fn shadow_mode_stays_until_it_is_named_or_no_number_is_left() {
        let shadow = Limits { requests_per_minute: Some(5), shadow: true, ..Limits::default() };
        let patch = LimitsPatch { requests_per_minute: Some(Some(6)), ..LimitsPatch::default() };
        assert_eq!(patch.apply(shadow), Limits { requests_per_minute: Some(6), ..shadow });
        let off = LimitsPatch { shadow: Some(false), ..LimitsPatch::default() };
        assert_eq!(off.apply(shadow), Limits { shadow: false, ..shadow });
        let none = LimitsPatch { requests_per_minute: Some(None), ..LimitsPatch::default() };
        assert_eq!(none.apply(shadow), Limits::default());
    }

    #[test]
    fn numbers_that_were_kept_before_there_was_shadow_mode_are_enforced() {
        let kept: Limits = serde_json::from_str(r#"{"requests_per_minute":5}"#).unwrap();
        assert_eq!(kept, Limits { requests_per_minute: Some(5), ..Limits::default() });
    }
}
