//! A project as it is answered: the specification's fields, then Keyward's.

use keyward_domain::{
    Invalid,
    model::{ModelMode, ModelPatterns, ModelPermissions},
};
use keyward_service::project::ProjectDetails;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::list::HasId;

/// A project.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProjectObject {
    /// Always `organization.project`.
    pub object: &'static str,
    /// Its id.
    pub id: String,
    /// Unique in the organization.
    pub name: String,
    /// Free text.
    pub description: String,
    /// `active` or `archived`.
    pub status: &'static str,
    /// When it was made, in Unix seconds.
    pub created_at: i64,
    /// When it was last changed, in Unix seconds.
    pub updated_at: i64,
    /// Since when it is inactive, in Unix seconds.
    pub archived_at: Option<i64>,
    /// Which models it may use; null: all.
    pub model_permissions: Option<ModelPermissionsObject>,
    /// How many API keys it has.
    pub api_keys: KeyCounts,
    /// Counts its changes; send it as `If-Match`.
    pub version: i64,
}

/// How many API keys a project has.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyCounts {
    /// All that aren't deleted.
    pub total: i64,
    /// Those whose calls are let through.
    pub active: i64,
}

/// Which models a project may use.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelPermissionsObject {
    /// `allow_list` or `deny_list`.
    #[schema(value_type = String)]
    pub mode: ModelMode,
    /// Names or globs, such as `gpt-4o*`.
    pub model_ids: Vec<String>,
}

impl ModelPermissionsObject {
    /// Reads the field `model_permissions`.
    pub fn read(self) -> Result<ModelPermissions, Invalid> {
        Ok(ModelPermissions {
            mode: self.mode,
            model_ids: ModelPatterns::parse("model_permissions.model_ids", self.model_ids)?,
        })
    }
}

impl HasId for ProjectObject {
    fn id(&self) -> &str {
        &self.id
    }
}

impl From<ProjectDetails> for ProjectObject {
    fn from(details: ProjectDetails) -> Self {
        let project = details.project;
        Self {
            object: "organization.project",
            id: project.id.to_string(),
            status: if project.is_active() { "active" } else { "archived" },
            name: project.name.to_string(),
            description: project.description,
            created_at: project.created_at.as_second(),
            updated_at: project.updated_at.as_second(),
            archived_at: project.deactivated_at.map(|at| at.as_second()),
            model_permissions: project.model_permissions.map(|permissions| ModelPermissionsObject {
                mode: permissions.mode,
                model_ids: permissions.model_ids.as_slice().to_vec(),
            }),
            api_keys: KeyCounts { total: details.keys_total, active: details.keys_active },
            version: project.version,
        }
    }
}
