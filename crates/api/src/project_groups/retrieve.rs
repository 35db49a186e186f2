//! `GET /v1/organization/projects/{project_id}/groups/{group_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::project_group;

use super::object::ProjectGroupObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, Query, id},
};

/// Retrieves a group in a project.
#[utoipa::path(
    get, path = "/v1/organization/projects/{project_id}/groups/{group_id}", operation_id = "retrieve-project-group", tag = "Project groups",
    params(
        ("project_id" = String, Path, description = "Id of the project"),
        ("group_id" = String, Path, description = "Id of the group"),
        ("group_type" = Option<String>, Query, description = "`group`: there is no other type"),
    ),
    responses((status = 200, body = ProjectGroupObject))
)]
pub async fn retrieve(
    State(api): State<Api>,
    actor: AdminActor,
    Path((project_id, group_id)): Path<(String, String)>,
    mut query: Query,
) -> Result<Json<ProjectGroupObject>, ApiError> {
    query.word("group_type", &[("group", ())])?;
    query.end()?;
    let (project, group) = (id(&project_id, "project")?, id(&group_id, "group of the project")?);
    Ok(Json(project_group::find(&api.keyward, &actor, project, group).await?.into()))
}
