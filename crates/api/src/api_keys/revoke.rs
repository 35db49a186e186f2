//! `POST /v1/organization/projects/{project_id}/api_keys/{api_key_id}/revoke`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::api_key;

use super::{object::ApiKeyObject, place};
use crate::{
    Api, ApiError,
    extract::{AdminActor, EmptyBody, IfMatch, JsonBody},
};

/// Takes an API key back for good; it stays in the list. Twice is not an error.
#[utoipa::path(
    post, path = "/v1/organization/projects/{project_id}/api_keys/{api_key_id}/revoke", operation_id = "revoke-project-api-key", tag = "API keys",
    params(("project_id" = String, Path, description = "Id of the project"), ("api_key_id" = String, Path, description = "Id of the key"),
        ("If-Match" = Option<String>, Header, description = "The version that was read")),
    request_body = EmptyBody, responses((status = 200, body = ApiKeyObject))
)]
pub async fn revoke(
    State(api): State<Api>,
    actor: AdminActor,
    Path(path): Path<(String, String)>,
    IfMatch(version): IfMatch,
    JsonBody(EmptyBody {}): JsonBody<EmptyBody>,
) -> Result<Json<ApiKeyObject>, ApiError> {
    let revoked = api_key::revoke(&api.keyward, &actor, place(&path)?, version).await?;
    Ok(Json(ApiKeyObject::new(revoked, api.keyward.now())))
}
