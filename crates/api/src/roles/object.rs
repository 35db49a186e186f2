//! A role as it is answered: the specification's fields, then Keyward's.

use keyward_domain::{
    permission::Permission,
    role::{BuiltIn, Role, Scope},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::list::HasId;

/// A role.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoleObject {
    /// Always `role`.
    pub object: &'static str,
    /// Its id.
    pub id: String,
    /// Unique where it belongs.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it holds.
    pub permissions: Vec<&'static str>,
    /// `api.organization` or `api.project`: where it can be held.
    pub resource_type: &'static str,
    /// Whether it is built in: then nobody can change it.
    pub predefined_role: bool,
    /// The project that it belongs to; null: the organization, or built in.
    pub project_id: Option<String>,
    /// When it was made, in Unix seconds; null: built in.
    pub created_at: Option<i64>,
    /// When it was last changed, in Unix seconds; null: built in.
    pub updated_at: Option<i64>,
    /// Counts its changes; send it as `If-Match`. Null: built in.
    pub version: Option<i64>,
}

/// The specification's word for the level of a role.
pub(crate) fn resource_type(role: &Role) -> &'static str {
    let is_of_organization = role.built_in().map_or(role.project.is_none(), BuiltIn::is_of_organization);
    if is_of_organization { Scope::Organization.resource_type() } else { "api.project" }
}

impl From<Role> for RoleObject {
    fn from(role: Role) -> Self {
        Self {
            object: "role",
            id: role.id.to_string(),
            permissions: role.permissions.iter().map(Permission::as_str).collect(),
            resource_type: resource_type(&role),
            predefined_role: role.custom.is_none(),
            project_id: role.project.map(|project| project.to_string()),
            created_at: role.custom.as_ref().map(|custom| custom.created_at.as_second()),
            updated_at: role.custom.as_ref().map(|custom| custom.updated_at.as_second()),
            version: role.custom.as_ref().map(|custom| custom.version),
            name: role.name.to_string(),
            description: role.description,
        }
    }
}

impl HasId for RoleObject {
    fn id(&self) -> &str {
        &self.id
    }
}
