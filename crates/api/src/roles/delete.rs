//! `DELETE /v1/organization/roles/{role_id}` and
//! `DELETE /v1/projects/{project_id}/roles/{role_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::role::Scope;
use keyward_service::role::{self, DeleteRole};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Api, ApiError,
    extract::{AdminActor, IfMatch, Query, id},
};

/// What is gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedRole {
    /// Always `role.deleted`.
    pub object: &'static str,
    /// Its id.
    pub id: String,
    /// Always true.
    pub deleted: bool,
}

async fn remove(
    api: &Api,
    actor: &AdminActor,
    scope: Scope,
    role_id: String,
    expected_version: Option<i64>,
    mut query: Query,
) -> Result<Json<DeletedRole>, ApiError> {
    let replacement = query.one("replacement_role_id")?;
    query.end()?;
    let command = DeleteRole {
        scope,
        role: id(&role_id, "role")?,
        replacement: replacement.map(|text| id(&text, "role")).transpose()?,
        expected_version,
    };
    role::delete(&api.keyward, actor, command).await?;
    Ok(Json(DeletedRole { object: "role.deleted", id: role_id, deleted: true }))
}

/// Deletes a role of the organization. One that somebody holds goes only if its
/// replacement is named.
#[utoipa::path(
    delete, path = "/v1/organization/roles/{role_id}", operation_id = "delete-role", tag = "Roles",
    params(
        ("role_id" = String, Path, description = "Id of the role"),
        ("replacement_role_id" = Option<String>, Query, description = "What those who hold it will hold instead"),
        ("If-Match" = Option<String>, Header, description = "The version that was read"),
    ),
    responses((status = 200, body = DeletedRole))
)]
pub async fn delete(
    State(api): State<Api>,
    actor: AdminActor,
    Path(role_id): Path<String>,
    IfMatch(version): IfMatch,
    query: Query,
) -> Result<Json<DeletedRole>, ApiError> {
    remove(&api, &actor, Scope::Organization, role_id, version, query).await
}

/// Deletes a role of a project. One that somebody holds goes only if its
/// replacement is named.
#[utoipa::path(
    delete, path = "/v1/projects/{project_id}/roles/{role_id}", operation_id = "delete-project-role", tag = "Roles",
    params(
        ("project_id" = String, Path, description = "Id of the project"),
        ("role_id" = String, Path, description = "Id of the role"),
        ("replacement_role_id" = Option<String>, Query, description = "What those who hold it will hold instead"),
        ("If-Match" = Option<String>, Header, description = "The version that was read"),
    ),
    responses((status = 200, body = DeletedRole))
)]
pub async fn delete_of_project(
    State(api): State<Api>,
    actor: AdminActor,
    Path((project_id, role_id)): Path<(String, String)>,
    IfMatch(version): IfMatch,
    query: Query,
) -> Result<Json<DeletedRole>, ApiError> {
    remove(&api, &actor, Scope::Project(id(&project_id, "project")?), role_id, version, query).await
}
