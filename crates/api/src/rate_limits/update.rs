//! `POST /v1/organization/projects/{project_id}/rate_limits/{rate_limit_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::{
    Invalid,
    limit::{LimitsPatch, parse_limit},
};
use keyward_service::limit::{self, LimitPatch};
use serde::Deserialize;
use utoipa::ToSchema;

use super::object::RateLimitObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, JsonBody},
    limits::place,
};

/// What changes; what isn't named stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateRateLimitBody {
    /// Requests in a minute, 1 to 10^9.
    #[serde(default)]
    pub max_requests_per_1_minute: Option<i64>,
    /// Tokens in a minute, read and written, 1 to 10^9.
    #[serde(default)]
    pub max_tokens_per_1_minute: Option<i64>,
    /// Keyward's own: whether calls beyond it are let through, and only told (shadow
    /// mode).
    #[serde(default)]
    pub shadow: Option<bool>,
    /// The specification's field for what Keyward doesn't limit; null only.
    #[serde(default)]
    #[expect(dead_code, reason = "read so that anything but null is refused")]
    max_images_per_1_minute: Option<()>,
    /// The specification's field for what Keyward doesn't limit; null only.
    #[serde(default)]
    #[expect(dead_code, reason = "read so that anything but null is refused")]
    max_audio_megabytes_per_1_minute: Option<()>,
    /// The specification's field for what Keyward doesn't limit; null only.
    #[serde(default)]
    #[expect(dead_code, reason = "read so that anything but null is refused")]
    max_requests_per_1_day: Option<()>,
    /// The specification's field for what Keyward doesn't limit; null only.
    #[serde(default)]
    #[expect(dead_code, reason = "read so that anything but null is refused")]
    batch_1_day_max_input_tokens: Option<()>,
}

impl UpdateRateLimitBody {
    fn patch(&self) -> Result<LimitPatch, Invalid> {
        let number = |param, number: Option<i64>| number.map(|number| parse_limit(param, number).map(Some)).transpose();
        let limits = LimitsPatch {
            requests_per_minute: number("max_requests_per_1_minute", self.max_requests_per_1_minute)?,
            tokens_per_minute: number("max_tokens_per_1_minute", self.max_tokens_per_1_minute)?,
            parallel_requests: None,
            shadow: self.shadow,
        };
        Ok(LimitPatch { limits, of_models: true, ..LimitPatch::default() })
    }
}

/// Changes the numbers of a project's rate limit for a model. In force when
/// this answers.
#[utoipa::path(
    post, path = "/v1/organization/projects/{project_id}/rate_limits/{rate_limit_id}", operation_id = "update-project-rate-limits", tag = "Limits",
    params(("project_id" = String, Path, description = "Id of the project"), ("rate_limit_id" = String, Path, description = "Id of the limit")),
    request_body = UpdateRateLimitBody, responses((status = 200, body = RateLimitObject))
)]
pub async fn update(
    State(api): State<Api>,
    actor: AdminActor,
    Path(path): Path<(String, String)>,
    JsonBody(body): JsonBody<UpdateRateLimitBody>,
) -> Result<Json<RateLimitObject>, ApiError> {
    let place = place(&path)?;
    Ok(Json(limit::update(&api.keyward, &actor, place, body.patch()?).await?.into()))
}
