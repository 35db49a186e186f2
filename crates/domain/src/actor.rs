//! Who does something, and what they may do.

use std::net::IpAddr;

use crate::{
    access::Access,
    id::{AdminKeyId, OrganizationId, ProjectId, RequestId, SessionId, UserId},
    organization::Email,
    permission::Permission,
    role::Scope,
};

/// Somebody who acts within one organization. Everything that they see or
/// change is scoped to it.
#[derive(Debug, Clone)]
pub struct Actor {
    /// Where they act.
    pub organization: OrganizationId,
    /// Who they are.
    pub identity: Identity,
    /// What they may do.
    pub access: Access,
    /// Where the request came from.
    pub origin: RequestOrigin,
}

/// Who an actor is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// A user who is signed in.
    User {
        /// The user.
        id: UserId,
        /// Their address.
        email: Email,
        /// By which session they came; `None` on the way in, before there is one.
        session: Option<SessionId>,
    },
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
#[error("This needs the permission {permission}, which you don't hold {}.", if matches!(scope, Scope::Organization) { "in the organization" } else { "in this project" })]
pub struct Denied {
    /// What is lacking.
    pub permission: Permission,
    /// Where.
    pub scope: Scope,
}

impl Actor {
    /// Keyward itself, acting in `organization`.
    pub fn system(organization: OrganizationId) -> Self {
        Self { organization, identity: Identity::System, access: Access::owner(), origin: RequestOrigin::default() }
    }

    /// Refuses an actor who doesn't hold `permission` at `scope`.
    pub fn require(&self, permission: Permission, scope: Scope) -> Result<(), Denied> {
        if self.access.holds(permission, scope) { Ok(()) } else { Err(Denied { permission, scope }) }
    }

    /// Whether the actor knows of a project at all.
    pub fn sees(&self, project: ProjectId) -> bool {
        self.access.sees(project)
    }

    /// In whose name the actor acts, if a person's.
    pub fn user(&self) -> Option<UserId> {
        match self.identity {
            Identity::User { id, .. } | Identity::AdminKey { owner: id, .. } => Some(id),
            Identity::System => None,
        }
    }
}
