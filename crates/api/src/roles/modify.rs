//! `POST /v1/organization/roles/{role_id}` and
//! `POST /v1/projects/{project_id}/roles/{role_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::{
    Invalid, Name,
    project::parse_description,
    role::{Scope, parse_permissions},
};
use keyward_service::role::{self, UpdateRole};
use serde::Deserialize;
use utoipa::ToSchema;

use super::object::RoleObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, IfMatch, JsonBody, id},
};

/// What changes; what isn't named, or is null, stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModifyRoleBody {
    /// A new name.
    #[serde(default)]
    pub role_name: Option<String>,
    /// What it holds from now on.
    #[serde(default)]
    pub permissions: Option<Vec<String>>,
    /// A new description.
    #[serde(default)]
    pub description: Option<String>,
}

impl ModifyRoleBody {
    fn command(self, scope: Scope, expected_version: Option<i64>) -> Result<UpdateRole, Invalid> {
        let permissions = self.permissions.map(|names| parse_permissions("permissions", scope, &names));
        Ok(UpdateRole {
            name: self.role_name.map(|name| Name::parse("role_name", &name)).transpose()?,
            description: self.description.map(|text| parse_description("description", &text)).transpose()?,
            permissions: permissions.transpose()?,
            expected_version,
        })
    }
}

/// Edits a role of the organization: whoever holds it holds what it says from
/// the next request on.
#[utoipa::path(
    post, path = "/v1/organization/roles/{role_id}", operation_id = "update-role", tag = "Roles",
    params(("role_id" = String, Path, description = "Id of the role"), ("If-Match" = Option<String>, Header, description = "The version that was read")),
    request_body = ModifyRoleBody, responses((status = 200, body = RoleObject))
)]
pub async fn modify(
    State(api): State<Api>,
    actor: AdminActor,
    Path(role_id): Path<String>,
    IfMatch(version): IfMatch,
    JsonBody(body): JsonBody<ModifyRoleBody>,
) -> Result<Json<RoleObject>, ApiError> {
    let (scope, role_id) = (Scope::Organization, id(&role_id, "role")?);
    Ok(Json(role::update(&api.keyward, &actor, scope, role_id, body.command(scope, version)?).await?.into()))
}

/// Edits a role of a project: whoever holds it holds what it says from the next
/// request on.
#[utoipa::path(
    post, path = "/v1/projects/{project_id}/roles/{role_id}", operation_id = "update-project-role", tag = "Roles",
    params(
        ("project_id" = String, Path, description = "Id of the project"),
        ("role_id" = String, Path, description = "Id of the role"),
        ("If-Match" = Option<String>, Header, description = "The version that was read"),
    ),
    request_body = ModifyRoleBody, responses((status = 200, body = RoleObject))
)]
pub async fn modify_of_project(
    State(api): State<Api>,
    actor: AdminActor,
    Path((project_id, role_id)): Path<(String, String)>,
    IfMatch(version): IfMatch,
    JsonBody(body): JsonBody<ModifyRoleBody>,
) -> Result<Json<RoleObject>, ApiError> {
    let (scope, role_id) = (Scope::Project(id(&project_id, "project")?), id(&role_id, "role")?);
    Ok(Json(role::update(&api.keyward, &actor, scope, role_id, body.command(scope, version)?).await?.into()))
}
