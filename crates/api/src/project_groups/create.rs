//! `POST /v1/organization/projects/{project_id}/groups`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::{assignment::parse_role, role::Scope};
use keyward_service::project_group;
use serde::Deserialize;
use utoipa::ToSchema;

use super::object::ProjectGroupObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, JsonBody, id},
};

/// Which group, and what it will hold.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddProjectGroupBody {
    /// Id of a group.
    pub group_id: String,
    /// Id of a role that can be held in the project, or `owner`, `member`,
    /// `viewer`.
    pub role: String,
}

/// Gives a group a role in a project. Twice is not an error.
#[utoipa::path(
    post, path = "/v1/organization/projects/{project_id}/groups", operation_id = "add-project-group", tag = "Project groups",
    params(("project_id" = String, Path, description = "Id of the project")),
    request_body = AddProjectGroupBody, responses((status = 200, body = ProjectGroupObject))
)]
pub async fn create(
    State(api): State<Api>,
    actor: AdminActor,
    Path(project_id): Path<String>,
    JsonBody(body): JsonBody<AddProjectGroupBody>,
) -> Result<Json<ProjectGroupObject>, ApiError> {
    let project = id(&project_id, "project")?;
    let role = parse_role("role", Scope::Project(project), &body.role)?;
    let group = id(&body.group_id, "group")?;
    Ok(Json(project_group::add(&api.keyward, &actor, project, group, role).await?.into()))
}
