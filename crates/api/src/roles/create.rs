//! `POST /v1/organization/roles` and `POST /v1/projects/{project_id}/roles`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::{
    Name,
    project::parse_description,
    role::{Scope, parse_permissions},
};
use keyward_service::role::{self, CreateRole};
use serde::Deserialize;
use utoipa::ToSchema;

use super::object::RoleObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, Creating, id},
};

/// What the role will be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateRoleBody {
    /// 1 to 120 characters, unique where the role belongs.
    pub role_name: String,
    /// Names of permissions, at least one; no more than you hold yourself.
    pub permissions: Vec<String>,
    /// Free text of at most 1,000 characters.
    #[serde(default)]
    pub description: Option<String>,
}

async fn make(
    api: &Api,
    actor: &AdminActor,
    scope: Scope,
    request: Creating<CreateRoleBody>,
) -> Result<Json<RoleObject>, ApiError> {
    let CreateRoleBody { role_name, permissions, description } = request.body;
    let command = CreateRole {
        scope,
        name: Name::parse("role_name", &role_name)?,
        description: parse_description("description", &description.unwrap_or_default())?,
        permissions: parse_permissions("permissions", scope, &permissions)?,
        idempotency: request.idempotency,
    };
    Ok(Json(role::create(&api.keyward, actor, command).await?.into()))
}

/// Creates a role of the organization.
#[utoipa::path(
    post, path = "/v1/organization/roles", operation_id = "create-role", tag = "Roles",
    params(("Idempotency-Key" = Option<String>, Header, description = "Guards against doing it twice within 24 hours")),
    request_body = CreateRoleBody, responses((status = 200, body = RoleObject))
)]
pub async fn create(
    State(api): State<Api>,
    actor: AdminActor,
    request: Creating<CreateRoleBody>,
) -> Result<Json<RoleObject>, ApiError> {
    make(&api, &actor, Scope::Organization, request).await
}

/// Creates a role of a project.
#[utoipa::path(
    post, path = "/v1/projects/{project_id}/roles", operation_id = "create-project-role", tag = "Roles",
    params(("Idempotency-Key" = Option<String>, Header, description = "Guards against doing it twice within 24 hours"), ("project_id" = String, Path, description = "Id of the project")),
    request_body = CreateRoleBody, responses((status = 200, body = RoleObject))
)]
pub async fn create_in_project(
    State(api): State<Api>,
    actor: AdminActor,
    Path(project_id): Path<String>,
    request: Creating<CreateRoleBody>,
) -> Result<Json<RoleObject>, ApiError> {
    make(&api, &actor, Scope::Project(id(&project_id, "project")?), request).await
}
