//! An API key of a project: one entity for long-lived named keys and for
//! short-lived ones (an expiry, a request cap). What may be done to a key in
//! which state is decided here, by functions without side effects.

use std::{collections::BTreeMap, net::IpAddr};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::{
    Name,
    id::{AdminKeyId, ApiKeyId, OrganizationId, ProjectId, ServiceAccountId, UserId},
    secret::{KeyKind, SecretDigest, redacted},
};

mod access;
mod change;
mod draft;
mod indexed;

pub use access::{AccessPatch, KeyAccess, Origin};
pub use change::{KeyPatch, NotPossible};
pub use draft::{KeyDraft, expiry_after, parse_environment, parse_expiry, parse_max_requests, parse_metadata};
pub use indexed::IndexedKey;

/// Longest overlap of two secrets after a rotation.
pub const MAX_OVERLAP: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Longest life of a key that has an expiry: ten years of 365 days.
pub const MAX_LIFETIME: SignedDuration = SignedDuration::from_hours(10 * 365 * 24);

/// An API key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ApiKey {
    /// Its id; stable across rotation.
    pub id: ApiKeyId,
    /// Whose it is.
    #[serde(skip)]
    pub organization: OrganizationId,
    /// What it opens.
    #[serde(skip)]
    pub project: ProjectId,
    /// What it is for; unique among the project's live keys.
    pub name: Name,
    /// What its secret is known by.
    #[serde(skip)]
    pub digest: SecretDigest,
    /// Last four characters of the secret.
    #[serde(skip)]
    pub last_four: String,
    /// The secret before the last rotation, while it still works.
    #[serde(skip)]
    pub previous: Option<PreviousSecret>,
    /// Switched off, reversibly.
    pub disabled: bool,
    /// Since when it is final.
    pub revoked_at: Option<Timestamp>,
    /// Who made it.
    #[serde(skip)]
    pub created_by: Creator,
    /// The service account that it belongs to, if it isn't a person's.
    #[serde(skip)]
    pub service_account: Option<ServiceAccountId>,
    /// When.
    #[serde(skip)]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(skip)]
    pub updated_at: Timestamp,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
    /// How many calls it may make in its life.
    pub max_requests: Option<u64>,
    /// What it may do, and from where.
    #[serde(flatten)]
    pub access: KeyAccess,
    /// A label such as `production`.
    pub environment: Option<String>,
    /// Free pairs of text.
    pub metadata: BTreeMap<String, String>,
    /// Counts its changes, for `If-Match`.
    #[serde(skip)]
    pub version: i64,
}

/// Who made a key: a user, the admin key used and its owner, or Keyward itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Creator {
    /// The admin key used.
    pub admin_key: Option<AdminKeyId>,
    /// The user in whose name.
    pub user: Option<UserId>,
}

/// A secret that was rotated out and works until a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviousSecret {
    /// What it is known by.
    pub digest: SecretDigest,
    /// Its last four characters.
    pub last_four: String,
    /// When it dies.
    pub expires_at: Timestamp,
}

/// A key's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyStatus {
    /// Its calls are let through.
    Active,
    /// Switched off; can be switched on again.
    Disabled,
    /// Its time is over; final.
    Expired,
    /// Taken back; final.
    Revoked,
}

impl KeyStatus {
    /// The one order in which a key's state is decided: revoked stands above
    /// disabled above expired.
    pub fn of(revoked: bool, disabled: bool, expires_at: Option<Timestamp>, now: Timestamp) -> Self {
        if revoked {
            Self::Revoked
        } else if disabled {
            Self::Disabled
        } else if expires_at.is_some_and(|end| end <= now) {
            Self::Expired
        } else {
            Self::Active
        }
    }

    /// The word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }

    /// The status of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Active, Self::Disabled, Self::Expired, Self::Revoked].into_iter().find(|status| status.as_str() == name)
    }
}

impl ApiKey {
    /// The state at `now`. Revoked stands above disabled above expired: the
    /// order in which a call is refused.
    pub fn status(&self, now: Timestamp) -> KeyStatus {
        KeyStatus::of(self.revoked_at.is_some(), self.disabled, self.expires_at, now)
    }

    /// Whether it holds its name against other keys of the project: it isn't
    /// revoked, and its time isn't over.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// How it is shown.
    pub fn redacted_value(&self) -> String {
        redacted(KeyKind::Project, &self.last_four)
    }
}

/// What a key has been used for. Written in batches from the usage journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeyUsage {
    /// Calls sent to a provider.
    pub request_count: u64,
    /// Calls answered from the cache; they aren't among the others.
    pub cached_count: u64,
    /// Tokens read by models.
    pub input_tokens: u64,
    /// Tokens written by models.
    pub output_tokens: u64,
    /// What the calls cost, in nanodollars.
    pub cost_nanos: i64,
    /// The last call.
    pub last_used_at: Option<Timestamp>,
    /// Where it came from.
    pub last_used_ip: Option<IpAddr>,
    /// The last call with the previous secret.
    pub previous_last_used_at: Option<Timestamp>,
}
