//! `/v1/organization/groups/{group_id}/users` and `…/users/{user_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::page::Order;
use keyward_service::group;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::object::GroupUserObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, JsonBody, Query, id},
    list::NextListObject,
};

/// Lists who is in a group.
#[utoipa::path(
    get, path = "/v1/organization/groups/{group_id}/users", operation_id = "list-group-users", tag = "Groups",
    params(
        ("group_id" = String, Path, description = "Id of the group"),
        ("limit" = Option<u32>, Query, description = "1 to 1000; 100 unless given"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
        ("order" = Option<String>, Query, description = "`desc` (newest account first) or `asc`"),
    ),
    responses((status = 200, body = NextListObject<GroupUserObject>))
)]
pub async fn list(
    State(api): State<Api>,
    actor: AdminActor,
    Path(group_id): Path<String>,
    mut query: Query,
) -> Result<Json<NextListObject<GroupUserObject>>, ApiError> {
    let page = query.next_page(100, Order::Desc)?;
    query.end()?;
    let listed = group::list_members(&api.keyward, &actor, id(&group_id, "group")?, page).await?;
    Ok(Json(NextListObject::new(listed, GroupUserObject::from)))
}

/// Who is to be in the group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddGroupUserBody {
    /// Id of a member of the organization.
    pub user_id: String,
}

/// Who is in the group from now on.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupUserAssignment {
    /// Always `group.user`.
    pub object: &'static str,
    /// Id of the user.
    pub user_id: String,
    /// Id of the group.
    pub group_id: String,
}

/// Puts a member of the organization into a group. Twice is not an error.
#[utoipa::path(
    post, path = "/v1/organization/groups/{group_id}/users", operation_id = "add-group-user", tag = "Groups",
    params(("group_id" = String, Path, description = "Id of the group")),
    request_body = AddGroupUserBody, responses((status = 200, body = GroupUserAssignment))
)]
pub async fn add(
    State(api): State<Api>,
    actor: AdminActor,
    Path(group_id): Path<String>,
    JsonBody(body): JsonBody<AddGroupUserBody>,
) -> Result<Json<GroupUserAssignment>, ApiError> {
    let (group, user) = (id(&group_id, "group")?, id(&body.user_id, "user")?);
    group::add_member(&api.keyward, &actor, group, user).await?;
    Ok(Json(GroupUserAssignment { object: "group.user", user_id: body.user_id, group_id }))
}

/// Retrieves a member of a group.
#[utoipa::path(
    get, path = "/v1/organization/groups/{group_id}/users/{user_id}", operation_id = "retrieve-group-user", tag = "Groups",
    params(
        ("group_id" = String, Path, description = "Id of the group"),
        ("user_id" = String, Path, description = "Id of the user"),
    ),
    responses((status = 200, body = GroupUserObject))
)]
pub async fn retrieve(
    State(api): State<Api>,
    actor: AdminActor,
    Path((group_id, user_id)): Path<(String, String)>,
) -> Result<Json<GroupUserObject>, ApiError> {
    let (group, user) = (id(&group_id, "group")?, id(&user_id, "member of the group")?);
    Ok(Json(group::find_member(&api.keyward, &actor, group, user).await?.into()))
}

/// Who isn't in the group any more.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedGroupUser {
    /// Always `group.user.deleted`.
    pub object: &'static str,
    /// Always true.
    pub deleted: bool,
}

/// Takes somebody out of a group.
#[utoipa::path(
    delete, path = "/v1/organization/groups/{group_id}/users/{user_id}", operation_id = "remove-group-user", tag = "Groups",
    params(
        ("group_id" = String, Path, description = "Id of the group"),
        ("user_id" = String, Path, description = "Id of the user"),
    ),
    responses((status = 200, body = DeletedGroupUser))
)]
pub async fn remove(
    State(api): State<Api>,
    actor: AdminActor,
    Path((group_id, user_id)): Path<(String, String)>,
) -> Result<Json<DeletedGroupUser>, ApiError> {
    let (group, user) = (id(&group_id, "group")?, id(&user_id, "member of the group")?);
    group::remove_member(&api.keyward, &actor, group, user).await?;
    Ok(Json(DeletedGroupUser { object: "group.user.deleted", deleted: true }))
}
