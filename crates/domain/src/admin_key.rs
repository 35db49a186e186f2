//! An admin key: opens the admin API of one organization, in the name of the
//! user who owns it.

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    Name,
    id::{AdminKeyId, OrganizationId, UserId},
    secret::{KeyKind, SecretDigest, redacted},
};

/// An admin key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AdminKey {
    /// Its id.
    pub id: AdminKeyId,
    /// What it opens.
    #[serde(skip)]
    pub organization: OrganizationId,
    /// What it is for.
    pub name: Name,
    /// What its secret is known by.
    #[serde(skip)]
    pub digest: SecretDigest,
    /// Last four characters of the secret.
    #[serde(skip)]
    pub last_four: String,
    /// In whose name it acts.
    #[serde(rename = "owner_id")]
    pub owner: UserId,
    /// When it was made.
    #[serde(skip)]
    pub created_at: Timestamp,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
}

impl AdminKey {
    /// Whether it opens anything at `now`.
    pub fn is_usable(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }

    /// How it is shown.
    pub fn redacted_value(&self) -> String {
        redacted(KeyKind::Admin, &self.last_four)
    }
}
