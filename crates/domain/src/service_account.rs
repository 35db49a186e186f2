//! A service account: a named owner of a project's API keys that is nobody. It
//! never signs in and holds no role; its keys may do what their scopes say.

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    Name,
    id::{OrganizationId, ProjectId, ServiceAccountId},
};

/// A service account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceAccount {
    /// Its id.
    pub id: ServiceAccountId,
    /// Whose it is.
    #[serde(skip)]
    pub organization: OrganizationId,
    /// In which project its keys work.
    #[serde(skip)]
    pub project: ProjectId,
    /// What it is called.
    pub name: Name,
    /// When it was made.
    #[serde(skip)]
    pub created_at: Timestamp,
}
