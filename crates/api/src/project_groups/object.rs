//! A group in a project as it is answered: the specification's fields.

use keyward_service::project_group::ProjectGroup;
use serde::Serialize;
use utoipa::ToSchema;

use crate::list::HasId;

/// A group that holds a role in a project.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProjectGroupObject {
    /// Always `project.group`.
    pub object: &'static str,
    /// Id of the project.
    pub project_id: String,
    /// Id of the group.
    pub group_id: String,
    /// What the group is called.
    pub group_name: String,
    /// Always `group`.
    pub group_type: &'static str,
    /// Since when it holds a role in the project, in Unix seconds.
    pub created_at: i64,
}

impl From<ProjectGroup> for ProjectGroupObject {
    fn from(found: ProjectGroup) -> Self {
        Self {
            object: "project.group",
            project_id: found.project.to_string(),
            group_id: found.group.id.to_string(),
            group_name: found.group.name.to_string(),
            group_type: "group",
            created_at: found.added_at.as_second(),
        }
    }
}

impl HasId for ProjectGroupObject {
    fn id(&self) -> &str {
        &self.group_id
    }
}
