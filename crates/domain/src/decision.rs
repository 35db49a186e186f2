//! What was decided about one call, and by what: let through or refused, the
//! check that decided, and how the limits and budgets stood that were looked at.
//!
//! It holds nothing of a call's body but the name of the model, no secret and no
//! address.

use uuid::Uuid;

use crate::{
    Timestamp,
    budget::BudgetWindow,
    clock::from_millis,
    id::{ApiKeyId, CredentialId, OrganizationId, ProjectId, RequestId},
    limit::Measure,
};

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It passed every check, and somebody answered: its provider or the cache.
    LetThrough,
    /// A check refused it.
    Refused,
    /// It passed every check, and nobody could answer.
    Failed,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 3] = [Self::LetThrough, Self::Refused, Self::Failed];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LetThrough => "let_through",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// The checks of a call, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Whether the key is known.
    Key,
    /// Whether it is revoked, disabled or expired.
    KeyState,
    /// Whether its project is active.
    Project,
    /// Where the call comes from: address and web origin.
    Origin,
    /// Whether there is such an address, and it takes the method.
    Route,
    /// Whether the key's scopes cover it.
    Scope,
    /// Whether the request can be read, and asks for what the key may use.
    Request,
    /// The key's request cap.
    RequestCap,
    /// Rate limits, and calls at one time.
    RateLimit,
    /// Budgets.
    Budget,
    /// Whether there is a credential to answer with.
    Credential,
}

impl Check {
    /// Every check.
    pub const ALL: [Self; 11] = [
        Self::Key,
        Self::KeyState,
        Self::Project,
        Self::Origin,
        Self::Route,
        Self::Scope,
        Self::Request,
        Self::RequestCap,
        Self::RateLimit,
        Self::Budget,
        Self::Credential,
    ];

    /// Its place in the order of checks, from 1 on.
    pub const fn number(self) -> u8 {
        match self {
            Self::Key => 1,
            Self::KeyState => 2,
            Self::Project => 3,
            Self::Origin => 4,
            Self::Route => 5,
            Self::Scope => 6,
            Self::Request => 7,
            Self::RequestCap => 8,
            Self::RateLimit => 9,
            Self::Budget => 10,
            Self::Credential => 12,
        }
    }

    /// The check of that number.
    pub fn of_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|check| check.number() == number)
    }

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::KeyState => "key_state",
            Self::Project => "project",
            Self::Origin => "origin",
            Self::Route => "route",
            Self::Scope => "scope",
            Self::Request => "request",
            Self::RequestCap => "request_cap",
            Self::RateLimit => "rate_limit",
            Self::Budget => "budget",
            Self::Credential => "credential",
        }
    }
}

/// Whose calls a limit or a budget holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// One key's.
    Key,
    /// A project's.
    Project,
    /// A project's to the models of this name or glob.
    Model(String),
    /// An organization's.
    Organization,
}

impl Held {
    /// Its name.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Project => "project",
            Self::Model(_) => "model",
            Self::Organization => "organization",
        }
    }
}

/// One number of a rate limit, as a call met it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitMet {
    /// The limit, or the key whose limit it is.
    pub id: Uuid,
    /// What it holds.
    pub of: Held,
    /// What it measures.
    pub measure: Measure,
    /// The number.
    pub limit: u64,
    /// What was left of it: with the call, where it was let through.
    pub remaining: u64,
    /// Whether the limit was in shadow mode.
    pub shadow: bool,
    /// Whether it would have refused the call by this number, were it not.
    pub would_refuse: bool,
}

/// A budget as a call met it, in nanodollars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetMet {
    /// The budget.
    pub id: Uuid,
    /// What it holds.
    pub of: Held,
    /// In which time.
    pub window: BudgetWindow,
    /// How much calls may cost.
    pub amount_nanos: i64,
    /// What was spent in its period, and held back for calls under way: for this
    /// one too, where it was let through.
    pub charged_nanos: i64,
    /// What had to be held back for this call; of a budget in shadow mode, what
    /// would have had to.
    pub reserve_nanos: i64,
    /// Whether the budget was in shadow mode.
    pub shadow: bool,
    /// Whether it would have refused the call, were it not.
    pub would_refuse: bool,
}

/// Why there is no answer but Keyward's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The check that refused; `None`: the call passed all of them.
    pub check: Option<Check>,
    /// `error.code`.
    pub code: String,
    /// What the caller was told.
    pub message: String,
    /// The field that it is about.
    pub param: Option<String>,
}

/// What was decided about one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The call.
    pub request: RequestId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// In which project.
    pub project: ProjectId,
    /// With which key.
    pub key: ApiKeyId,
    /// What became of it.
    pub verdict: Verdict,
    /// The status of its answer.
    pub status: u16,
    /// The request's method.
    pub method: String,
    /// The request's path; empty where there is nothing at it.
    pub path: String,
    /// The model that was asked for; empty if none was.
    pub model: String,
    /// Why it got no answer of a provider or the cache.
    pub reason: Option<Reason>,
    /// Whether the cache answered.
    pub cached: bool,
    /// With which credential its provider answered.
    pub credential: Option<CredentialId>,
    /// How often providers were asked.
    pub attempts: u8,
    /// The rate limits that were looked at.
    pub limits: Vec<LimitMet>,
    /// The budgets that were looked at.
    pub budgets: Vec<BudgetMet>,
}

impl Decision {
    /// When the call came.
    pub fn at(&self) -> Timestamp {
        from_millis(milliseconds(self.request.uuid()))
    }
}

/// The moment that a version 7 UUID was made, in milliseconds since 1970.
pub fn milliseconds(id: Uuid) -> i64 {
    i64::try_from(id.as_u64_pair().0 >> 16).unwrap_or(0)
}

/// The greatest version 7 UUID of that millisecond since 1970.
pub fn last_id_of(milliseconds: i64) -> Uuid {
    let high = u64::try_from(milliseconds).unwrap_or(0).min(u64::MAX >> 16);
    Uuid::from_u64_pair((high << 16) | 0xffff, u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::fixed::{CountingRandomness, FixedClock},
        id::IdSource,
    };

    #[test]
    fn every_check_is_found_by_its_number() {
        for check in Check::ALL {
            assert_eq!(Check::of_number(check.number()), Some(check));
        }
        assert!(Check::ALL.is_sorted_by_key(|check| check.number()));
        assert_eq!([0, 11, 13, 255].map(Check::of_number), [None; 4]);
    }

    #[test]
    fn a_request_id_tells_when_the_call_came() {
        let clock = FixedClock::at(1_800_000_000);
        let id = RequestId::generate(&IdSource::default(), &clock, &CountingRandomness::default()).uuid();
        assert_eq!(milliseconds(id), 1_800_000_000_000);
        assert!(last_id_of(1_799_999_999_999) < id && id < last_id_of(1_800_000_000_000));
        assert_eq!(last_id_of(-1), last_id_of(0));
        assert!(last_id_of(i64::MAX) > id && milliseconds(Uuid::max()) > 0);
    }
}
