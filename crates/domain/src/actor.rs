//! Who does something, and what they may do.

use std::net::IpAddr;

use crate::{
    id::{AdminKeyId, OrganizationId, RequestId, UserId},
    organization::Email,
    permission::{Permission, PermissionSet},
};

/// Somebody who acts within one organization. Everything that they see or
/// change is scoped to it.
#[derive(Debug, Clone)]
pub struct Actor {
    /// Where they act.
    pub organization: OrganizationId,
    /// Who they are.
    pub identity: Identity,
    /// What they may do, in every project of the organization.
    pub permissions: PermissionSet,
    /// Where the request came from.
    pub origin: RequestOrigin,
}

/// Who an actor is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// An admin key, in the name of its owner.
    AdminKey {
        /// The key.
        id: AdminKeyId,
        /// Its owner.
        owner: UserId,
        /// Its owner's address.
        owner_email: Email,
    },
    /// Keyward itself: the command line on the machine, and what runs by itself.
    System,
}

/// Where a request came from, for the audit log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestOrigin {
    /// The client's address, from the connection or a trusted proxy.
    pub ip: Option<IpAddr>,
    /// The client's `User-Agent`, shortened.
    pub user_agent: Option<String>,
    /// The request's id.
    pub request_id: Option<RequestId>,
}

/// The actor lacks a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("This needs the permission {0}, which you don't hold.")]
pub struct Denied(pub Permission);

impl Actor {
    /// Keyward itself, acting in `organization`.
    pub fn system(organization: OrganizationId) -> Self {
        Self {
            organization,
            identity: Identity::System,
            permissions: PermissionSet::all(),
            origin: RequestOrigin::default(),
        }
    }

    /// Refuses an actor who doesn't hold `permission`.
    pub fn require(&self, permission: Permission) -> Result<(), Denied> {
        if self.permissions.contains(permission) { Ok(()) } else { Err(Denied(permission)) }
    }

    /// In whose name the actor acts, if a person's.
    pub fn user(&self) -> Option<UserId> {
        match self.identity {
            Identity::AdminKey { owner, .. } => Some(owner),
            Identity::System => None,
        }
    }
}
