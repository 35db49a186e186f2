//! `POST /v1/organization/projects/{project_id}/cache/purge`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::cache;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Api, ApiError,
    extract::{AdminActor, EmptyBody, JsonBody, id},
};

/// The cache is empty.
#[derive(Debug, Serialize, ToSchema)]
pub struct PurgedProjectCache {
    /// Always `organization.project.cache.purged`.
    pub object: &'static str,
    /// Always true.
    pub purged: bool,
}

/// Empties a project's response cache: nothing that was kept before is given to
/// anybody when this answers, on every node within a second.
#[utoipa::path(
    post, path = "/v1/organization/projects/{project_id}/cache/purge", operation_id = "purge-project-cache", tag = "Cache",
    params(("project_id" = String, Path, description = "Id of the project")),
    request_body = EmptyBody, responses((status = 200, body = PurgedProjectCache))
)]
pub async fn purge(
    State(api): State<Api>,
    actor: AdminActor,
    Path(project_id): Path<String>,
    JsonBody(EmptyBody {}): JsonBody<EmptyBody>,
) -> Result<Json<PurgedProjectCache>, ApiError> {
    cache::purge(&api.keyward, &actor, id(&project_id, "project")?).await?;
    Ok(Json(PurgedProjectCache { object: "organization.project.cache.purged", purged: true }))
}
