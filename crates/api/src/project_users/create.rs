//! `POST /v1/organization/projects/{project_id}/users`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::{Invalid, assignment::parse_role, id::ProjectId, organization::Email, role::Scope};
use keyward_service::project_member::{self, AddProjectMember, Who};
use serde::Deserialize;
use utoipa::ToSchema;

use super::object::ProjectUserObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, JsonBody, id},
};

/// Who is to be a member of the project.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddProjectUserBody {
    /// Id of a member of the organization.
    #[serde(default)]
    pub user_id: Option<String>,
    /// Address of a member of the organization, instead of the id.
    #[serde(default)]
    pub email: Option<String>,
    /// `owner`, `member`, `viewer`, or the id of a role that can be held in the
    /// project.
    pub role: String,
}

impl AddProjectUserBody {
    fn command(self, project: ProjectId) -> Result<AddProjectMember, ApiError> {
        let who = match (self.user_id, self.email) {
            (Some(user), None) => Who::Id(id(&user, "user")?),
            (None, Some(email)) => Who::Email(Email::parse("email", &email)?),
            _ => return Err(Invalid::new("user_id", "Give user_id or email, one of them.").into()),
        };
        Ok(AddProjectMember { project, who, role: parse_role("role", Scope::Project(project), &self.role)? })
    }
}

/// Adds a member of the organization to a project. Twice with the same role is
/// not an error.
#[utoipa::path(
    post, path = "/v1/organization/projects/{project_id}/users", operation_id = "create-project-user", tag = "Project users",
    params(("project_id" = String, Path, description = "Id of the project")),
    request_body = AddProjectUserBody, responses((status = 200, body = ProjectUserObject))
)]
pub async fn create(
    State(api): State<Api>,
    actor: AdminActor,
    Path(project_id): Path<String>,
    JsonBody(body): JsonBody<AddProjectUserBody>,
) -> Result<Json<ProjectUserObject>, ApiError> {
    let command = body.command(id(&project_id, "project")?)?;
    Ok(Json(project_member::add(&api.keyward, &actor, command).await?.into()))
}
