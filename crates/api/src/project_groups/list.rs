//! `GET /v1/organization/projects/{project_id}/groups`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::page::Order;
use keyward_service::project_group;

use super::object::ProjectGroupObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, Query, id},
    list::NextListObject,
};

/// Lists the groups that hold a role in a project.
#[utoipa::path(
    get, path = "/v1/organization/projects/{project_id}/groups", operation_id = "list-project-groups", tag = "Project groups",
    params(
        ("project_id" = String, Path, description = "Id of the project"),
        ("limit" = Option<u32>, Query, description = "1 to 1000; 20 unless given"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
        ("order" = Option<String>, Query, description = "`asc` (oldest group first) or `desc`"),
    ),
    responses((status = 200, body = NextListObject<ProjectGroupObject>))
)]
pub async fn list(
    State(api): State<Api>,
    actor: AdminActor,
    Path(project_id): Path<String>,
    mut query: Query,
) -> Result<Json<NextListObject<ProjectGroupObject>>, ApiError> {
    let page = query.next_page(20, Order::Asc)?;
    query.end()?;
    let listed = project_group::list(&api.keyward, &actor, id(&project_id, "project")?, page).await?;
    Ok(Json(NextListObject::new(listed, ProjectGroupObject::from)))
}
