//! `GET /v1/organization/projects/{project_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::project;

use super::object::ProjectObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, id},
};

/// Retrieves a project.
#[utoipa::path(
    get, path = "/v1/organization/projects/{project_id}", operation_id = "retrieve-project", tag = "Projects",
    params(("project_id" = String, Path, description = "Id of the project")), responses((status = 200, body = ProjectObject))
)]
pub async fn retrieve(
    State(api): State<Api>,
    actor: AdminActor,
    Path(project_id): Path<String>,
) -> Result<Json<ProjectObject>, ApiError> {
    let found = project::find(&api.keyward, &actor, id(&project_id, "project")?).await?;
    Ok(Json(found.into()))
}
