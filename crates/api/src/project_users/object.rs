//! A member of a project as they are answered: the specification's fields.

use keyward_service::project_member::ProjectMemberDetails;
use serde::Serialize;
use utoipa::ToSchema;

use crate::list::HasId;

/// A member of a project.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProjectUserObject {
    /// Always `organization.project.user`.
    pub object: &'static str,
    /// Their id.
    pub id: String,
    /// What they are called.
    pub name: String,
    /// Their e-mail address.
    pub email: String,
    /// `owner`, `member`, `viewer`, or the id of a custom role.
    pub role: String,
    /// Since when they are a member of the project, in Unix seconds.
    pub added_at: i64,
}

impl From<ProjectMemberDetails> for ProjectUserObject {
    fn from(details: ProjectMemberDetails) -> Self {
        let ProjectMemberDetails { member, role, .. } = details;
        Self {
            object: "organization.project.user",
            id: member.user.id.to_string(),
            name: member.user.name.to_string(),
            email: member.user.email.to_string(),
            role,
            added_at: member.added_at.as_second(),
        }
    }
}

impl HasId for ProjectUserObject {
    fn id(&self) -> &str {
        &self.id
    }
}
