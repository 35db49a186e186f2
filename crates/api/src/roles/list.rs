//! `GET /v1/organization/roles` and `GET /v1/projects/{project_id}/roles`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::{page::Order, role::Scope};
use keyward_service::role;

use super::object::RoleObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, Query, id},
    list::NextListObject,
};

type Page = Json<NextListObject<RoleObject>>;

async fn page(api: &Api, actor: &AdminActor, scope: Scope, mut query: Query) -> Result<Page, ApiError> {
    let page = query.next_page(1000, Order::Asc)?;
    query.end()?;
    let listed = role::list(&api.keyward, actor, scope, page).await?;
    Ok(Json(NextListObject::new(listed, RoleObject::from)))
}

/// Lists the roles that can be held at the organization, built-in ones first.
#[utoipa::path(
    get, path = "/v1/organization/roles", operation_id = "list-roles", tag = "Roles",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 1000; 1000 unless given"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
        ("order" = Option<String>, Query, description = "`asc` (oldest first) or `desc`"),
    ),
    responses((status = 200, body = NextListObject<RoleObject>))
)]
pub async fn list(State(api): State<Api>, actor: AdminActor, query: Query) -> Result<Page, ApiError> {
    page(&api, &actor, Scope::Organization, query).await
}

/// Lists the roles that can be held in a project, built-in ones first.
#[utoipa::path(
    get, path = "/v1/projects/{project_id}/roles", operation_id = "list-project-roles", tag = "Roles",
    params(
        ("project_id" = String, Path, description = "Id of the project"),
        ("limit" = Option<u32>, Query, description = "1 to 1000; 1000 unless given"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
        ("order" = Option<String>, Query, description = "`asc` (oldest first) or `desc`"),
    ),
    responses((status = 200, body = NextListObject<RoleObject>))
)]
pub async fn list_of_project(
    State(api): State<Api>,
    actor: AdminActor,
    Path(project_id): Path<String>,
    query: Query,
) -> Result<Page, ApiError> {
    page(&api, &actor, Scope::Project(id(&project_id, "project")?), query).await
}
