//! The answers to a call that isn't let through, as far as the key decides:
//! one place for status, code and words.

use keyward_domain::{decision::Check, permission::Permission};

use crate::{BudgetReached, RateLimited};

/// Codes that a limit or budget in shadow mode names too.
pub mod code {
    /// A rate limit.
    pub const RATE_LIMIT: &str = "rate_limit_exceeded";
    /// A budget.
    pub const BUDGET: &str = "insufficient_quota";
}

/// Why a call is refused. The order of the variants is the order of the checks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Two different keys in one request.
    #[error("This request carries two different API keys. Send one, in the Authorization header.")]
    ConflictingCredentials,
    /// No key at all.
    #[error(
        "This request carries no API key. Send one in the Authorization header: Authorization: Bearer sk-project-…"
    )]
    MissingKey,
    /// Malformed, unknown, deleted or rotated out: not told apart.
    #[error("This API key isn't valid. Check that it was copied whole, or create a new one.")]
    InvalidKey,
    /// An admin key where a project's API key belongs.
    #[error("This is an admin key. Calls to models need a project's API key (sk-project-…).")]
    ProjectKeyRequired,
    /// A project's API key where an admin key belongs.
    #[error("A project's API key can't administer. This address needs an admin key (sk-admin-…).")]
    AdminKeyRequired,
    /// The key was revoked.
    #[error("This API key was revoked. Create a new one.")]
    KeyRevoked,
    /// The key is switched off.
    #[error("This API key is disabled. Set it back to active to allow calls again.")]
    KeyDisabled,
    /// The key's time is over.
    #[error("This API key has expired. Create a new one.")]
    KeyExpired,
    /// The key's project is inactive.
    #[error("The project of this API key is inactive. Activate the project to allow calls again.")]
    ProjectInactive,
    /// The client's address isn't in the key's list.
    #[error("Calls with this API key aren't allowed from your IP address.")]
    IpNotAllowed,
    /// The request's `Origin` isn't in the key's list, or is required and missing.
    #[error("Calls with this API key aren't allowed from this web origin.")]
    OriginNotAllowed,
    /// The key's scopes don't cover what it asks for.
    #[error("This API key lacks the permission {0}. Add it to the key's scopes.")]
    InsufficientPermissions(Permission),
    /// Neither the key nor its project may use that model.
    #[error("This API key may not use the model {0}.")]
    ModelNotAllowed(String),
    /// The key has made all the calls that it may make in its life.
    #[error("This API key has reached its request cap of {0}. Raise the cap, or create a new key.")]
    RequestCapReached(u64),
    /// The shared request count can't be reached.
    #[error("The request cap of this API key can't be checked at the moment. Try again shortly.")]
    CapUnavailable,
    /// More than a rate limit allows.
    #[error(transparent)]
    RateLimited(Box<RateLimited>),
    /// The shared counts of rate limits can't be reached.
    #[error("The rate limits of this call can't be checked at the moment. Try again shortly.")]
    LimitsUnavailable,
    /// A budget doesn't cover the call.
    #[error(transparent)]
    BudgetReached(Box<BudgetReached>),
    /// The shared counts of budgets can't be reached.
    #[error("The budgets of this call can't be checked at the moment. Try again shortly.")]
    BudgetsUnavailable,
}

impl Refusal {
    /// HTTP status.
    pub const fn status(&self) -> u16 {
        match self {
            Self::ConflictingCredentials => 400,
            Self::MissingKey | Self::InvalidKey | Self::KeyRevoked | Self::KeyDisabled | Self::KeyExpired => 401,
            Self::ProjectKeyRequired
            | Self::AdminKeyRequired
            | Self::ProjectInactive
            | Self::IpNotAllowed
            | Self::OriginNotAllowed
            | Self::InsufficientPermissions(_)
            | Self::ModelNotAllowed(_) => 403,
            Self::RequestCapReached(_) | Self::RateLimited(_) | Self::BudgetReached(_) => 429,
            Self::CapUnavailable | Self::LimitsUnavailable | Self::BudgetsUnavailable => 503,
        }
    }

    /// `error.code`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ConflictingCredentials => "conflicting_credentials",
            Self::MissingKey | Self::InvalidKey => "invalid_api_key",
            Self::ProjectKeyRequired => "project_key_required",
            Self::AdminKeyRequired => "admin_key_required",
            Self::KeyRevoked => "api_key_revoked",
            Self::KeyDisabled => "api_key_disabled",
            Self::KeyExpired => "api_key_expired",
            Self::ProjectInactive => "project_inactive",
            Self::IpNotAllowed => "ip_not_allowed",
            Self::OriginNotAllowed => "origin_not_allowed",
            Self::InsufficientPermissions(_) => "insufficient_permissions",
            Self::ModelNotAllowed(_) => "model_not_allowed",
            Self::RequestCapReached(_) => "request_cap_reached",
            Self::RateLimited(_) => code::RATE_LIMIT,
            Self::BudgetReached(_) => code::BUDGET,
            Self::CapUnavailable | Self::LimitsUnavailable | Self::BudgetsUnavailable => "database_unavailable",
        }
    }

    /// The check that refuses.
    pub const fn check(&self) -> Check {
        match self {
            Self::ConflictingCredentials
            | Self::MissingKey
            | Self::InvalidKey
            | Self::ProjectKeyRequired
            | Self::AdminKeyRequired => Check::Key,
            Self::KeyRevoked | Self::KeyDisabled | Self::KeyExpired => Check::KeyState,
            Self::ProjectInactive => Check::Project,
            Self::IpNotAllowed | Self::OriginNotAllowed => Check::Origin,
            Self::InsufficientPermissions(_) => Check::Scope,
            Self::ModelNotAllowed(_) => Check::Request,
            Self::RequestCapReached(_) | Self::CapUnavailable => Check::RequestCap,
            Self::RateLimited(_) | Self::LimitsUnavailable => Check::RateLimit,
            Self::BudgetReached(_) | Self::BudgetsUnavailable => Check::Budget,
        }
    }

    /// Whether asking again can't help: such answers carry
    /// `x-should-retry: false`, or the SDKs repeat them.
    pub const fn is_final(&self) -> bool {
        !matches!(
            self,
            Self::CapUnavailable | Self::LimitsUnavailable | Self::BudgetsUnavailable | Self::RateLimited(_)
        )
    }

    /// The field that the refusal is about.
    pub const fn param(&self) -> Option<&'static str> {
        match self {
            Self::ModelNotAllowed(_) => Some("model"),
            _ => None,
        }
    }
}
