//! `DELETE /v1/organization/projects/{project_id}/users/{user_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::project_member;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Api, ApiError,
    extract::{AdminActor, id},
};

/// Who isn't a member of the project any more.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedProjectUser {
    /// Always `organization.project.user.deleted`.
    pub object: &'static str,
    /// Their id.
    pub id: String,
    /// Always true.
    pub deleted: bool,
}

/// Takes a member out of a project. What they hold through groups or through
/// the organization they keep.
#[utoipa::path(
    delete, path = "/v1/organization/projects/{project_id}/users/{user_id}", operation_id = "delete-project-user", tag = "Project users",
    params(
        ("project_id" = String, Path, description = "Id of the project"),
        ("user_id" = String, Path, description = "Id of the user"),
    ),
    responses((status = 200, body = DeletedProjectUser))
)]
pub async fn delete(
    State(api): State<Api>,
    actor: AdminActor,
    Path((project_id, user_id)): Path<(String, String)>,
) -> Result<Json<DeletedProjectUser>, ApiError> {
    let (project, user) = (id(&project_id, "project")?, id(&user_id, "member of the project")?);
    project_member::remove(&api.keyward, &actor, project, user).await?;
    Ok(Json(DeletedProjectUser { object: "organization.project.user.deleted", id: user_id, deleted: true }))
}
