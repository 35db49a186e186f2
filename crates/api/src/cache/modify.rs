//! `POST /v1/organization/projects/{project_id}/cache`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::cache::{CachePatch, ProjectCache};
use keyward_service::cache::{self, UpdateCache};
use serde::Deserialize;
use utoipa::ToSchema;

use super::object::ProjectCacheObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, IfMatch, JsonBody, id},
};

/// What changes; what isn't named stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModifyProjectCacheBody {
    /// Whether answers are kept and given again. Off unless decided.
    #[serde(default)]
    pub enabled: Option<bool>,
    /// For how many seconds: 1 to 2592000 (30 days), 3600 unless decided.
    #[serde(default)]
    pub ttl_seconds: Option<i64>,
}

/// Decides about a project's response cache. In force when this answers, on
/// every node within a second. Switching it off empties it.
#[utoipa::path(
    post, path = "/v1/organization/projects/{project_id}/cache", operation_id = "modify-project-cache", tag = "Cache",
    params(("project_id" = String, Path, description = "Id of the project"),
        ("If-Match" = Option<String>, Header, description = "The version that was read")),
    request_body = ModifyProjectCacheBody, responses((status = 200, body = ProjectCacheObject))
)]
pub async fn modify(
    State(api): State<Api>,
    actor: AdminActor,
    Path(project_id): Path<String>,
    IfMatch(expected_version): IfMatch,
    JsonBody(body): JsonBody<ModifyProjectCacheBody>,
) -> Result<Json<ProjectCacheObject>, ApiError> {
    let project = id(&project_id, "project")?;
    let ttl_seconds = body.ttl_seconds.map(|seconds| ProjectCache::parse_ttl("ttl_seconds", seconds)).transpose()?;
    let command = UpdateCache { patch: CachePatch { enabled: body.enabled, ttl_seconds }, expected_version };
    Ok(Json(cache::update(&api.keyward, &actor, project, command).await?.into()))
}
