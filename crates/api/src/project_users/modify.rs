//! `POST /v1/organization/projects/{project_id}/users/{user_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::{assignment::parse_role, role::Scope};
use keyward_service::project_member;
use serde::Deserialize;
use utoipa::ToSchema;

use super::object::ProjectUserObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, JsonBody, id},
};

/// What changes; what isn't named, or is null, stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModifyProjectUserBody {
    /// `owner`, `member`, `viewer`, or the id of a role that can be held in the
    /// project: takes the place of all that they hold there directly.
    #[serde(default)]
    pub role: Option<String>,
}

/// Changes what a member of a project holds there.
#[utoipa::path(
    post, path = "/v1/organization/projects/{project_id}/users/{user_id}", operation_id = "modify-project-user", tag = "Project users",
    params(
        ("project_id" = String, Path, description = "Id of the project"),
        ("user_id" = String, Path, description = "Id of the user"),
    ),
    request_body = ModifyProjectUserBody, responses((status = 200, body = ProjectUserObject))
)]
pub async fn modify(
    State(api): State<Api>,
    actor: AdminActor,
    Path((project_id, user_id)): Path<(String, String)>,
    JsonBody(body): JsonBody<ModifyProjectUserBody>,
) -> Result<Json<ProjectUserObject>, ApiError> {
    let (project, user) = (id(&project_id, "project")?, id(&user_id, "member of the project")?);
    let role = body.role.map(|text| parse_role("role", Scope::Project(project), &text)).transpose()?;
    Ok(Json(project_member::update(&api.keyward, &actor, project, user, role).await?.into()))
}
