//! `POST /v1/organization/projects/{project_id}/archive` and `…/activate`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::project;
use serde::Deserialize;
use utoipa::ToSchema;

use super::object::ProjectObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, EmptyBody, IfMatch, JsonBody, id},
};

/// How a project is made inactive.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ArchiveProjectBody {
    /// Whether its API keys are revoked for good, too.
    #[serde(default)]
    pub revoke_api_keys: Option<bool>,
}

/// Makes a project inactive: every call with its keys is refused from the next
/// request on. Twice is not an error.
#[utoipa::path(
    post, path = "/v1/organization/projects/{project_id}/archive", operation_id = "archive-project", tag = "Projects",
    params(("project_id" = String, Path, description = "Id of the project"), ("If-Match" = Option<String>, Header, description = "The version that was read")),
    request_body = ArchiveProjectBody, responses((status = 200, body = ProjectObject))
)]
pub async fn archive(
    State(api): State<Api>,
    actor: AdminActor,
    Path(project_id): Path<String>,
    IfMatch(version): IfMatch,
    JsonBody(body): JsonBody<ArchiveProjectBody>,
) -> Result<Json<ProjectObject>, ApiError> {
    let (project_id, revoke) = (id(&project_id, "project")?, body.revoke_api_keys.unwrap_or(false));
    let archived = project::deactivate(&api.keyward, &actor, project_id, revoke, version).await?;
    Ok(Json(archived.into()))
}

/// Makes a project active again, and its keys with it. Twice is not an error.
#[utoipa::path(
    post, path = "/v1/organization/projects/{project_id}/activate", operation_id = "activate-project", tag = "Projects",
    params(("project_id" = String, Path, description = "Id of the project"), ("If-Match" = Option<String>, Header, description = "The version that was read")),
    request_body = EmptyBody, responses((status = 200, body = ProjectObject))
)]
pub async fn activate(
    State(api): State<Api>,
    actor: AdminActor,
    Path(project_id): Path<String>,
    IfMatch(version): IfMatch,
    JsonBody(EmptyBody {}): JsonBody<EmptyBody>,
) -> Result<Json<ProjectObject>, ApiError> {
    let activated = project::activate(&api.keyward, &actor, id(&project_id, "project")?, version).await?;
    Ok(Json(activated.into()))
}
