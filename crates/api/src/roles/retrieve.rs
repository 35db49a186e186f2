//! `GET /v1/organization/roles/{role_id}` and
//! `GET /v1/projects/{project_id}/roles/{role_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::role::Scope;
use keyward_service::role;

use super::object::RoleObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, id},
};

/// Retrieves a role of the organization.
#[utoipa::path(
    get, path = "/v1/organization/roles/{role_id}", operation_id = "retrieve-role", tag = "Roles",
    params(("role_id" = String, Path, description = "Id of the role")), responses((status = 200, body = RoleObject))
)]
pub async fn retrieve(
    State(api): State<Api>,
    actor: AdminActor,
    Path(role_id): Path<String>,
) -> Result<Json<RoleObject>, ApiError> {
    let found = role::find(&api.keyward, &actor, Scope::Organization, id(&role_id, "role")?).await?;
    Ok(Json(found.into()))
}

/// Retrieves a role of a project.
#[utoipa::path(
    get, path = "/v1/projects/{project_id}/roles/{role_id}", operation_id = "retrieve-project-role", tag = "Roles",
    params(
        ("project_id" = String, Path, description = "Id of the project"),
        ("role_id" = String, Path, description = "Id of the role"),
    ),
    responses((status = 200, body = RoleObject))
)]
pub async fn retrieve_of_project(
    State(api): State<Api>,
    actor: AdminActor,
    Path((project_id, role_id)): Path<(String, String)>,
) -> Result<Json<RoleObject>, ApiError> {
    let scope = Scope::Project(id(&project_id, "project")?);
    let found = role::find(&api.keyward, &actor, scope, id(&role_id, "role")?).await?;
    Ok(Json(found.into()))
}
