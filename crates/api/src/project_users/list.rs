//! `GET /v1/organization/projects/{project_id}/users`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::page::Order;
use keyward_service::project_member;

use super::object::ProjectUserObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, Query, id},
    list::ListObject,
};

/// Lists a project's members, newest account first. Whoever may come in only
/// through a group or a role of the organization isn't one.
#[utoipa::path(
    get, path = "/v1/organization/projects/{project_id}/users", operation_id = "list-project-users", tag = "Project users",
    params(
        ("project_id" = String, Path, description = "Id of the project"),
        ("limit" = Option<u32>, Query, description = "1 to 100; 20 unless given"),
        ("after" = Option<String>, Query, description = "Id of the last user of the page before"),
        ("before" = Option<String>, Query, description = "Id of the first user of the page behind"),
        ("order" = Option<String>, Query, description = "`desc` (newest account first) or `asc`"),
    ),
    responses((status = 200, body = ListObject<ProjectUserObject>))
)]
pub async fn list(
    State(api): State<Api>,
    actor: AdminActor,
    Path(project_id): Path<String>,
    mut query: Query,
) -> Result<Json<ListObject<ProjectUserObject>>, ApiError> {
    let page = query.page(Order::Desc)?;
    query.end()?;
    let listed = project_member::list(&api.keyward, &actor, id(&project_id, "project")?, page).await?;
    Ok(Json(ListObject::new(listed, ProjectUserObject::from)))
}
