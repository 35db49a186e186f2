//! A project's list of models as the specification has it.

use keyward_domain::model::{ModelMode, ModelPermissions};
use serde::Serialize;
use utoipa::ToSchema;

/// Which models a project may use.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProjectModelPermissionsObject {
    /// Always `project.model_permissions`.
    pub object: &'static str,
    /// `allow_list` or `deny_list`. A project without a list answers an empty
    /// `deny_list`: all models may be used.
    #[schema(value_type = String)]
    pub mode: ModelMode,
    /// Names or globs, such as `gpt-4o*`.
    pub model_ids: Vec<String>,
}

impl From<Option<ModelPermissions>> for ProjectModelPermissionsObject {
    fn from(permissions: Option<ModelPermissions>) -> Self {
        let (mode, model_ids) = permissions.map_or((ModelMode::DenyList, Vec::new()), |permissions| {
            (permissions.mode, permissions.model_ids.as_slice().to_vec())
        });
        Self { object: "project.model_permissions", mode, model_ids }
    }
}
