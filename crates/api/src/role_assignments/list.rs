//! `GET …/roles` of a user or a group.

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::page::Order;
use keyward_service::role_assignment::{self, Seat};

use super::{group_seat, object::AssignedRoleObject, user_seat};
use crate::{
    Api, ApiError,
    extract::{AdminActor, Query},
    list::NextListObject,
};

type Page = Json<NextListObject<AssignedRoleObject>>;

async fn page(api: &Api, actor: &AdminActor, seat: Seat, mut query: Query) -> Result<Page, ApiError> {
    let page = query.next_page(1000, Order::Asc)?;
    query.end()?;
    let listed = role_assignment::list(&api.keyward, actor, seat, page).await?;
    Ok(Json(NextListObject::new(listed, AssignedRoleObject::from)))
}

/// Lists the roles that a user holds at the organization, by themselves or through groups.
#[utoipa::path(
    get, path = "/v1/organization/users/{user_id}/roles", operation_id = "list-user-role-assignments", tag = "Role assignments",
    params(
        ("user_id" = String, Path, description = "Id of the user"),
        ("limit" = Option<u32>, Query, description = "1 to 1000; 1000 unless given"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
        ("order" = Option<String>, Query, description = "`asc` (oldest role first) or `desc`"),
    ),
    responses((status = 200, body = NextListObject<AssignedRoleObject>))
)]
pub async fn list_of_user(
    State(api): State<Api>,
    actor: AdminActor,
    Path(user_id): Path<String>,
    query: Query,
) -> Result<Page, ApiError> {
    page(&api, &actor, user_seat(&user_id, None)?, query).await
}

/// Lists the roles that a group holds at the organization.
#[utoipa::path(
    get, path = "/v1/organization/groups/{group_id}/roles", operation_id = "list-group-role-assignments", tag = "Role assignments",
    params(
        ("group_id" = String, Path, description = "Id of the group"),
        ("limit" = Option<u32>, Query, description = "1 to 1000; 1000 unless given"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
        ("order" = Option<String>, Query, description = "`asc` (oldest role first) or `desc`"),
    ),
    responses((status = 200, body = NextListObject<AssignedRoleObject>))
)]
pub async fn list_of_group(
    State(api): State<Api>,
    actor: AdminActor,
    Path(group_id): Path<String>,
    query: Query,
) -> Result<Page, ApiError> {
    page(&api, &actor, group_seat(&group_id, None)?, query).await
}

/// Lists the roles that a user holds in a project, by themselves or through groups.
#[utoipa::path(
    get, path = "/v1/projects/{project_id}/users/{user_id}/roles", operation_id = "list-project-user-role-assignments", tag = "Role assignments",
    params(
        ("project_id" = String, Path, description = "Id of the project"),
        ("user_id" = String, Path, description = "Id of the user"),
        ("limit" = Option<u32>, Query, description = "1 to 1000; 1000 unless given"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
        ("order" = Option<String>, Query, description = "`asc` (oldest role first) or `desc`"),
    ),
    responses((status = 200, body = NextListObject<AssignedRoleObject>))
)]
pub async fn list_of_project_user(
    State(api): State<Api>,
    actor: AdminActor,
    Path((project_id, user_id)): Path<(String, String)>,
    query: Query,
) -> Result<Page, ApiError> {
    page(&api, &actor, user_seat(&user_id, Some(&project_id))?, query).await
}

/// Lists the roles that a group holds in a project.
#[utoipa::path(
    get, path = "/v1/projects/{project_id}/groups/{group_id}/roles", operation_id = "list-project-group-role-assignments", tag = "Role assignments",
    params(
        ("project_id" = String, Path, description = "Id of the project"),
        ("group_id" = String, Path, description = "Id of the group"),
        ("limit" = Option<u32>, Query, description = "1 to 1000; 1000 unless given"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
        ("order" = Option<String>, Query, description = "`asc` (oldest role first) or `desc`"),
    ),
    responses((status = 200, body = NextListObject<AssignedRoleObject>))
)]
pub async fn list_of_project_group(
    State(api): State<Api>,
    actor: AdminActor,
    Path((project_id, group_id)): Path<(String, String)>,
    query: Query,
) -> Result<Page, ApiError> {
    page(&api, &actor, group_seat(&group_id, Some(&project_id))?, query).await
}
