//! `GET /v1/organization/projects/{project_id}/cache`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::cache;

use super::object::ProjectCacheObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, id},
};

/// Tells whether a project's calls may be answered from its response cache, and
/// for how long.
#[utoipa::path(
    get, path = "/v1/organization/projects/{project_id}/cache", operation_id = "retrieve-project-cache", tag = "Cache",
    params(("project_id" = String, Path, description = "Id of the project")),
    responses((status = 200, body = ProjectCacheObject))
)]
pub async fn retrieve(
    State(api): State<Api>,
    actor: AdminActor,
    Path(project_id): Path<String>,
) -> Result<Json<ProjectCacheObject>, ApiError> {
    Ok(Json(cache::find(&api.keyward, &actor, id(&project_id, "project")?).await?.into()))
}
