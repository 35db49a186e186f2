//! `DELETE /v1/organization/projects/{project_id}/api_keys/{api_key_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::api_key;
use serde::Serialize;
use utoipa::ToSchema;

use super::place;
use crate::{
    Api, ApiError,
    extract::{AdminActor, IfMatch},
};

/// What is gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedApiKey {
    /// Always `organization.project.api_key.deleted`.
    pub object: &'static str,
    /// Its id.
    pub id: String,
    /// Always true.
    pub deleted: bool,
}

/// Deletes an API key: its calls are refused, and it is gone from the list.
#[utoipa::path(
    delete, path = "/v1/organization/projects/{project_id}/api_keys/{api_key_id}", operation_id = "delete-project-api-key", tag = "API keys",
    params(("project_id" = String, Path, description = "Id of the project"), ("api_key_id" = String, Path, description = "Id of the key"),
        ("If-Match" = Option<String>, Header, description = "The version that was read")),
    responses((status = 200, body = DeletedApiKey))
)]
pub async fn delete(
    State(api): State<Api>,
    actor: AdminActor,
    Path(path): Path<(String, String)>,
    IfMatch(version): IfMatch,
) -> Result<Json<DeletedApiKey>, ApiError> {
    let place = place(&path)?;
    api_key::delete(&api.keyward, &actor, place, version).await?;
    Ok(Json(DeletedApiKey { object: "organization.project.api_key.deleted", id: place.key.to_string(), deleted: true }))
}
