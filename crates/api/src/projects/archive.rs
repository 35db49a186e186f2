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
    extract::{AdminActor, IfMatch, JsonBody, id},
};

/// Nothing to say.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmptyBody {}

/// Makes a project inactive: every call with its keys is refused from the next
/// request on. Twice is not an error.
#[utoipa::path(
    post, path = "/v1/organization/projects/{project_id}/archive", operation_id = "archive-project", tag = "Projects",
    params(("project_id" = String, Path, description = "Id of the project"), ("If-Match" = Option<String>, Header, description = "The version that was read")),
    request_body = EmptyBody, responses((status = 200, body = ProjectObject))
)]
pub async fn archive(
    State(api): State<Api>,
    actor: AdminActor,
    Path(project_id): Path<String>,
    IfMatch(version): IfMatch,
    JsonBody(EmptyBody {}): JsonBody<EmptyBody>,
) -> Result<Json<ProjectObject>, ApiError> {
    let archived = project::deactivate(&api.keyward, &actor, id(&project_id, "project")?, false, version).await?;
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
