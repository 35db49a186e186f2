//! `DELETE /v1/organization/projects/{project_id}/limits/{limit_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::limit;
use serde::Serialize;
use utoipa::ToSchema;

use super::place;
use crate::{Api, ApiError, extract::AdminActor};

/// What is gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedLimit {
    /// Always `organization.project.limit.deleted`.
    pub object: &'static str,
    /// Its id.
    pub id: String,
    /// Always true.
    pub deleted: bool,
}

/// Deletes a rate limit of a project.
#[utoipa::path(
    delete, path = "/v1/organization/projects/{project_id}/limits/{limit_id}", operation_id = "delete-project-limit", tag = "Limits",
    params(("project_id" = String, Path, description = "Id of the project"), ("limit_id" = String, Path, description = "Id of the limit")),
    responses((status = 200, body = DeletedLimit))
)]
pub async fn delete(
    State(api): State<Api>,
    actor: AdminActor,
    Path(path): Path<(String, String)>,
) -> Result<Json<DeletedLimit>, ApiError> {
    let place = place(&path)?;
    limit::delete(&api.keyward, &actor, place).await?;
    Ok(Json(DeletedLimit { object: "organization.project.limit.deleted", id: place.limit.to_string(), deleted: true }))
}
