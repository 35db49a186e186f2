//! `POST /v1/organization/projects/{project_id}/api_keys/{api_key_id}/rotate`

use axum::extract::{Path, State};
use jiff::SignedDuration;
use keyward_service::api_key::{self, RotateApiKey};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{object::ApiKeyObject, place};
use crate::{
    Api, ApiError,
    extract::{AdminActor, Creating, IfMatch},
    reveal::Reveal,
};

/// How the key is rotated.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateApiKeyBody {
    /// How many seconds longer the present secret works, at most 30 days; none: it dies at once.
    #[serde(default)]
    pub overlap_seconds: Option<i64>,
}

/// Gives an API key a new secret under the same id, and shows it in `value`,
/// the only time.
#[utoipa::path(
    post, path = "/v1/organization/projects/{project_id}/api_keys/{api_key_id}/rotate", operation_id = "rotate-project-api-key", tag = "API keys",
    params(("Idempotency-Key" = Option<String>, Header, description = "Guards against doing it twice within 24 hours"), ("project_id" = String, Path, description = "Id of the project"), ("api_key_id" = String, Path, description = "Id of the key"),
        ("If-Match" = Option<String>, Header, description = "The version that was read")),
    request_body = RotateApiKeyBody, responses((status = 200, body = ApiKeyObject))
)]
pub async fn rotate(
    State(api): State<Api>,
    actor: AdminActor,
    Path(path): Path<(String, String)>,
    IfMatch(expected_version): IfMatch,
    request: Creating<RotateApiKeyBody>,
) -> Result<Reveal<ApiKeyObject>, ApiError> {
    let overlap = SignedDuration::from_secs(request.body.overlap_seconds.unwrap_or(0));
    let command = RotateApiKey { place: place(&path)?, overlap, expected_version, idempotency: request.idempotency };
    let rotated = api_key::rotate(&api.keyward, &actor, command).await?;
    Ok(ApiKeyObject::revealed(rotated, api.keyward.now()))
}
