//! `GET /v1/organization/projects/{project_id}/api_keys/{api_key_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::api_key;

use super::{object::ApiKeyObject, place};
use crate::{Api, ApiError, extract::AdminActor};

/// Retrieves an API key; calls made before are counted in it.
#[utoipa::path(
    get, path = "/v1/organization/projects/{project_id}/api_keys/{api_key_id}", operation_id = "retrieve-project-api-key", tag = "API keys",
    params(("project_id" = String, Path, description = "Id of the project"), ("api_key_id" = String, Path, description = "Id of the key")),
    responses((status = 200, body = ApiKeyObject))
)]
pub async fn retrieve(
    State(api): State<Api>,
    actor: AdminActor,
    Path(path): Path<(String, String)>,
) -> Result<Json<ApiKeyObject>, ApiError> {
    let found = api_key::find(&api.keyward, &actor, place(&path)?).await?;
    Ok(Json(ApiKeyObject::new(found, api.keyward.now())))
}
