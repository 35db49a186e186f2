//! `GET /v1/organization/projects/{project_id}/limits/{limit_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::limit;

use super::{object::LimitObject, place};
use crate::{Api, ApiError, extract::AdminActor};

/// Retrieves a rate limit of a project.
#[utoipa::path(
    get, path = "/v1/organization/projects/{project_id}/limits/{limit_id}", operation_id = "retrieve-project-limit", tag = "Limits",
    params(("project_id" = String, Path, description = "Id of the project"), ("limit_id" = String, Path, description = "Id of the limit")),
    responses((status = 200, body = LimitObject))
)]
pub async fn retrieve(
    State(api): State<Api>,
    actor: AdminActor,
    Path(path): Path<(String, String)>,
) -> Result<Json<LimitObject>, ApiError> {
    Ok(Json(limit::find(&api.keyward, &actor, place(&path)?).await?.into()))
}
