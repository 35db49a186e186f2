//! `GET /v1/organization/projects/{project_id}/users/{user_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::project_member;

use super::object::ProjectUserObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, id},
};

/// Retrieves a member of a project.
#[utoipa::path(
    get, path = "/v1/organization/projects/{project_id}/users/{user_id}", operation_id = "retrieve-project-user", tag = "Project users",
    params(
        ("project_id" = String, Path, description = "Id of the project"),
        ("user_id" = String, Path, description = "Id of the user"),
    ),
    responses((status = 200, body = ProjectUserObject))
)]
pub async fn retrieve(
    State(api): State<Api>,
    actor: AdminActor,
    Path((project_id, user_id)): Path<(String, String)>,
) -> Result<Json<ProjectUserObject>, ApiError> {
    let (project, user) = (id(&project_id, "project")?, id(&user_id, "member of the project")?);
    Ok(Json(project_member::find(&api.keyward, &actor, project, user).await?.into()))
}
