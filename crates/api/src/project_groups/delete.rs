//! `DELETE /v1/organization/projects/{project_id}/groups/{group_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::project_group;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Api, ApiError,
    extract::{AdminActor, id},
};

/// Which group holds nothing in the project any more.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedProjectGroup {
    /// Always `project.group.deleted`.
    pub object: &'static str,
    /// Always true.
    pub deleted: bool,
}

/// Takes all roles of a group in a project.
#[utoipa::path(
    delete, path = "/v1/organization/projects/{project_id}/groups/{group_id}", operation_id = "remove-project-group", tag = "Project groups",
    params(
        ("project_id" = String, Path, description = "Id of the project"),
        ("group_id" = String, Path, description = "Id of the group"),
    ),
    responses((status = 200, body = DeletedProjectGroup))
)]
pub async fn delete(
    State(api): State<Api>,
    actor: AdminActor,
    Path((project_id, group_id)): Path<(String, String)>,
) -> Result<Json<DeletedProjectGroup>, ApiError> {
    let (project, group) = (id(&project_id, "project")?, id(&group_id, "group of the project")?);
    project_group::remove(&api.keyward, &actor, project, group).await?;
    Ok(Json(DeletedProjectGroup { object: "project.group.deleted", deleted: true }))
}
