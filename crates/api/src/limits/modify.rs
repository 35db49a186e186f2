//! `POST /v1/organization/projects/{project_id}/limits/{limit_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::{Invalid, limit::ProjectLimit};
use keyward_service::limit::{self, LimitPatch};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{LimitsBody, object::LimitObject, place};
use crate::{
    Api, ApiError,
    extract::{AdminActor, IfMatch, JsonBody, present},
};

/// What changes; what isn't named stays. A null takes a number away; one has to
/// stay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModifyLimitBody {
    /// Another model or glob; null: all calls of the project.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub model: Option<Option<String>>,
    /// Another number of requests in a minute; null: no such limit.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<i64>)]
    pub requests_per_minute: Option<Option<i64>>,
    /// Another number of tokens in a minute; null: no such limit.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<i64>)]
    pub tokens_per_minute: Option<Option<i64>>,
    /// Another number of calls at one time; null: no such limit.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<i64>)]
    pub parallel_requests: Option<Option<i64>>,
    /// Whether calls beyond it are let through, and only told (shadow mode).
    #[serde(default)]
    pub shadow: Option<bool>,
}

impl ModifyLimitBody {
    fn patch(self, expected_version: Option<i64>) -> Result<LimitPatch, Invalid> {
        let Self { model, requests_per_minute, tokens_per_minute, parallel_requests, shadow } = self;
        let model = model.map(|model| ProjectLimit::parse_model(&model.unwrap_or_default()));
        let limits = LimitsBody { requests_per_minute, tokens_per_minute, parallel_requests, shadow };
        Ok(LimitPatch { model: model.transpose()?, limits: limits.read()?, of_models: false, expected_version })
    }
}

/// Edits a rate limit of a project. In force when this answers; what it has
/// counted stays counted.
#[utoipa::path(
    post, path = "/v1/organization/projects/{project_id}/limits/{limit_id}", operation_id = "modify-project-limit", tag = "Limits",
    params(("project_id" = String, Path, description = "Id of the project"), ("limit_id" = String, Path, description = "Id of the limit"),
        ("If-Match" = Option<String>, Header, description = "The version that was read")),
    request_body = ModifyLimitBody, responses((status = 200, body = LimitObject))
)]
pub async fn modify(
    State(api): State<Api>,
    actor: AdminActor,
    Path(path): Path<(String, String)>,
    IfMatch(expected_version): IfMatch,
    JsonBody(body): JsonBody<ModifyLimitBody>,
) -> Result<Json<LimitObject>, ApiError> {
    let patch = body.patch(expected_version)?;
    Ok(Json(limit::update(&api.keyward, &actor, place(&path)?, patch).await?.into()))
}
