//! `GET /v1/organization/projects/{project_id}/model_permissions`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::project;

use super::object::ProjectModelPermissionsObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, id},
};

/// Retrieves a project's list of models.
#[utoipa::path(
    get, path = "/v1/organization/projects/{project_id}/model_permissions", operation_id = "retrieve-project-model-permissions", tag = "Projects",
    params(("project_id" = String, Path, description = "Id of the project")),
    responses((status = 200, body = ProjectModelPermissionsObject))
)]
pub async fn retrieve(
    State(api): State<Api>,
    actor: AdminActor,
    Path(project_id): Path<String>,
) -> Result<Json<ProjectModelPermissionsObject>, ApiError> {
    let found = project::find(&api.keyward, &actor, id(&project_id, "project")?).await?;
    Ok(Json(found.project.model_permissions.into()))
}
