//! A project: what groups API keys and credentials. It is never deleted, only
//! made inactive, so that its history stays.

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    Invalid, Name,
    id::{OrganizationId, ProjectId},
    model::ModelPermissions,
    name::free_text,
};

/// Longest description, in characters.
pub const MAX_DESCRIPTION_CHARS: usize = 1000;

/// A project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// Whose it is.
    #[serde(skip)]
    pub organization: OrganizationId,
    /// Unique in the organization.
    pub name: Name,
    /// Free text; empty when there is none.
    pub description: String,
    /// `Some` since when it is inactive; `None` while it is active.
    #[serde(skip)]
    pub deactivated_at: Option<Timestamp>,
    /// Which models it may use; `None`: all.
    pub model_permissions: Option<ModelPermissions>,
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

impl Project {
    /// Whether calls with its keys are let through.
    pub fn is_active(&self) -> bool {
        self.deactivated_at.is_none()
    }

    /// Makes it inactive. Twice is not an error: the first time stands.
    pub fn deactivate(&mut self, now: Timestamp) {
        if self.is_active() {
            self.deactivated_at = Some(now);
            self.touch(now);
        }
    }

    /// Makes it active again.
    pub fn activate(&mut self, now: Timestamp) {
        if !self.is_active() {
            self.deactivated_at = None;
            self.touch(now);
        }
    }

    /// Notes that something was changed.
    pub fn touch(&mut self, now: Timestamp) {
        self.updated_at = now;
        self.version += 1;
    }
}

/// Reads a description: several lines are allowed, other control characters aren't.
pub fn parse_description(param: &str, text: &str) -> Result<String, Invalid> {
    let text = text.trim();
    free_text(param, &text.replace(['\n', '\r', '\t'], " "), MAX_DESCRIPTION_CHARS)?;
    Ok(text.to_owned())
}
