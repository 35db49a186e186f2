//! `GET /v1/organization/permissions`

use axum::Json;
use keyward_domain::{page::Listed, permission::Permission, role::BuiltIn};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    ApiError,
    extract::{AdminActor, Query},
    list::{HasId, ListObject},
};

/// A permission.
#[derive(Debug, Serialize, ToSchema)]
pub struct PermissionObject {
    /// Always `organization.permission`.
    pub object: &'static str,
    /// Its name, such as `api_keys:create`.
    pub id: &'static str,
    /// `organization`, `administration`, or `data` (also the scopes of an API key).
    pub kind: &'static str,
    /// The built-in roles that hold it.
    pub built_in_roles: Vec<BuiltInRole>,
}

/// A built-in role, as far as it must be named.
#[derive(Debug, Serialize, ToSchema)]
pub struct BuiltInRole {
    /// Its id, the same in every installation.
    pub id: String,
    /// Its name.
    pub name: &'static str,
}

fn holders(permission: Permission) -> Vec<BuiltInRole> {
    let holders = BuiltIn::ALL.into_iter().filter(|role| role.holds(permission));
    holders.map(|role| BuiltInRole { id: role.id().to_string(), name: role.name() }).collect()
}

impl HasId for PermissionObject {
    fn id(&self) -> &str {
        self.id
    }
}

/// Lists every permission that there is, with the built-in roles that hold it.
#[utoipa::path(
    get, path = "/v1/organization/permissions", operation_id = "list-permissions", tag = "Permissions",
    responses((status = 200, body = ListObject<PermissionObject>))
)]
pub async fn list(_: AdminActor, query: Query) -> Result<Json<ListObject<PermissionObject>>, ApiError> {
    query.end()?;
    let all = Listed { data: Permission::ALL.to_vec(), has_more: false };
    Ok(Json(ListObject::new(all, |permission| PermissionObject {
        object: "organization.permission",
        id: permission.as_str(),
        kind: permission.kind().as_str(),
        built_in_roles: holders(permission),
    })))
}
