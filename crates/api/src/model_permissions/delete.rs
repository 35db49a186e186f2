//! `DELETE /v1/organization/projects/{project_id}/model_permissions`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::project::{self, UpdateProject};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Api, ApiError,
    extract::{AdminActor, id},
};

/// The list is gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedModelPermissions {
    /// Always `project.model_permissions.deleted`.
    pub object: &'static str,
    /// Always true.
    pub deleted: bool,
}

/// Takes a project's list of models away: all may be used.
#[utoipa::path(
    delete, path = "/v1/organization/projects/{project_id}/model_permissions", operation_id = "delete-project-model-permissions", tag = "Projects",
    params(("project_id" = String, Path, description = "Id of the project")),
    responses((status = 200, body = DeletedModelPermissions))
)]
pub async fn delete(
    State(api): State<Api>,
    actor: AdminActor,
    Path(project_id): Path<String>,
) -> Result<Json<DeletedModelPermissions>, ApiError> {
    let command = UpdateProject { model_permissions: Some(None), ..UpdateProject::default() };
    project::update(&api.keyward, &actor, id(&project_id, "project")?, command).await?;
    Ok(Json(DeletedModelPermissions { object: "project.model_permissions.deleted", deleted: true }))
}
