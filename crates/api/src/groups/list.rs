//! `GET /v1/organization/groups`

use axum::{Json, extract::State};
use keyward_domain::page::Order;
use keyward_service::group;

use super::object::GroupObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, Query},
    list::NextListObject,
};

/// Lists the organization's groups.
#[utoipa::path(
    get, path = "/v1/organization/groups", operation_id = "list-groups", tag = "Groups",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 1000; 100 unless given"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
        ("order" = Option<String>, Query, description = "`asc` (oldest first) or `desc`"),
    ),
    responses((status = 200, body = NextListObject<GroupObject>))
)]
pub async fn list(
    State(api): State<Api>,
    actor: AdminActor,
    mut query: Query,
) -> Result<Json<NextListObject<GroupObject>>, ApiError> {
    let page = query.next_page(100, Order::Asc)?;
    query.end()?;
    let listed = group::list(&api.keyward, &actor, page).await?;
    Ok(Json(NextListObject::new(listed, GroupObject::from)))
}
