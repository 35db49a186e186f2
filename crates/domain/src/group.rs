//! Groups of users. What a group holds, each of its members holds.

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    Name,
    id::{GroupId, OrganizationId},
};

/// A group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Its id.
    #[serde(skip)]
    pub id: GroupId,
    /// Whose it is.
    #[serde(skip)]
    pub organization: OrganizationId,
    /// What it is called, unique in the organization.
    pub name: Name,
    /// When it was made.
    #[serde(skip)]
    pub created_at: Timestamp,
}
