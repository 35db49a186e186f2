//! What deciding about a call needs of a key, and no more: a start reads this
//! of every key there is.

use jiff::Timestamp;

use super::{ApiKey, KeyAccess};
use crate::{
    id::{ApiKeyId, OrganizationId, ProjectId},
    secret::SecretDigest,
};

/// A key as the key index takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// What it opens.
    pub project: ProjectId,
    /// What its secret is known by.
    pub digest: SecretDigest,
    /// What the secret before the last rotation is known by, and when it dies.
    pub previous: Option<(SecretDigest, Timestamp)>,
    /// Switched off.
    pub disabled: bool,
    /// Taken back for good.
    pub revoked: bool,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
    /// How many calls it may make in its life.
    pub max_requests: Option<u64>,
    /// What it may do, and from where.
    pub access: KeyAccess,
}

impl From<&ApiKey> for IndexedKey {
    fn from(key: &ApiKey) -> Self {
        Self {
            id: key.id,
            organization: key.organization,
            project: key.project,
            digest: key.digest,
            previous: key.previous.as_ref().map(|previous| (previous.digest, previous.expires_at)),
            disabled: key.disabled,
            revoked: key.revoked_at.is_some(),
            expires_at: key.expires_at,
            max_requests: key.max_requests,
            access: key.access.clone(),
        }
    }
}
