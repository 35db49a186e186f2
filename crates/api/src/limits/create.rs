//! `POST /v1/organization/projects/{project_id}/limits`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::limit::{Limits, ProjectLimit};
use keyward_service::limit::{self, CreateLimit};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{LimitsBody, object::LimitObject};
use crate::{
    Api, ApiError,
    extract::{AdminActor, Creating, id},
};

/// What the limit will be: at least one number.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateLimitBody {
    /// A model's name, or a glob such as `gpt-4o*` whose models count together;
    /// null: all calls of the project.
    #[serde(default)]
    pub model: Option<String>,
    /// Requests in a minute, 1 to 10^9.
    #[serde(default)]
    pub requests_per_minute: Option<i64>,
    /// Tokens in a minute, read and written, 1 to 10^9.
    #[serde(default)]
    pub tokens_per_minute: Option<i64>,
    /// Calls under way at one time, 1 to 10^9.
    #[serde(default)]
    pub parallel_requests: Option<i64>,
    /// Whether calls beyond it are let through, and only told (shadow mode); false
    /// unless said otherwise.
    #[serde(default)]
    pub shadow: Option<bool>,
}

/// Creates a rate limit of a project. In force when this answers.
#[utoipa::path(
    post, path = "/v1/organization/projects/{project_id}/limits", operation_id = "create-project-limit", tag = "Limits",
    params(("Idempotency-Key" = Option<String>, Header, description = "Guards against doing it twice within 24 hours"), ("project_id" = String, Path, description = "Id of the project")),
    request_body = CreateLimitBody, responses((status = 200, body = LimitObject))
)]
pub async fn create(
    State(api): State<Api>,
    actor: AdminActor,
    Path(project_id): Path<String>,
    request: Creating<CreateLimitBody>,
) -> Result<Json<LimitObject>, ApiError> {
    let CreateLimitBody { model, requests_per_minute, tokens_per_minute, parallel_requests, shadow } = request.body;
    let numbers = LimitsBody {
        requests_per_minute: Some(requests_per_minute),
        tokens_per_minute: Some(tokens_per_minute),
        parallel_requests: Some(parallel_requests),
        shadow,
    };
    let command = CreateLimit {
        project: id(&project_id, "project")?,
        model: ProjectLimit::parse_model(&model.unwrap_or_default())?,
        limits: numbers.read()?.apply(Limits::default()),
        idempotency: request.idempotency,
    };
    Ok(Json(limit::create(&api.keyward, &actor, command).await?.into()))
}
