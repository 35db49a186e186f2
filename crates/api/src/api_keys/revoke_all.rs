//! `POST /v1/organization/projects/{project_id}/api_keys/revoke_all`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::api_key::{self, RevokedAll};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Api, ApiError,
    extract::{AdminActor, EmptyBody, JsonBody, id},
};

/// How many keys are revoked.
#[derive(Debug, Serialize, ToSchema)]
pub struct RevokedAllObject {
    /// By this request.
    pub revoked: i64,
    /// Before it.
    pub already_revoked: i64,
    /// Both: all keys of the project.
    pub total: i64,
}

impl From<RevokedAll> for RevokedAllObject {
    fn from(done: RevokedAll) -> Self {
        Self { revoked: done.revoked, already_revoked: done.already_revoked, total: done.total() }
    }
}

/// Takes every API key of a project back for good, at once.
#[utoipa::path(
    post, path = "/v1/organization/projects/{project_id}/api_keys/revoke_all", operation_id = "revoke-all-project-api-keys", tag = "API keys",
    params(("project_id" = String, Path, description = "Id of the project")),
    request_body = EmptyBody, responses((status = 200, body = RevokedAllObject))
)]
pub async fn revoke_all(
    State(api): State<Api>,
    actor: AdminActor,
    Path(project_id): Path<String>,
    JsonBody(EmptyBody {}): JsonBody<EmptyBody>,
) -> Result<Json<RevokedAllObject>, ApiError> {
    let done = api_key::revoke_all(&api.keyward, &actor, id(&project_id, "project")?).await?;
    Ok(Json(done.into()))
}
