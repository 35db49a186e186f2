//! `GET /v1/organization/invites`

use axum::{Json, extract::State};
use keyward_domain::page::Order;
use keyward_service::invitation;

use super::object::InviteObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, Query},
    list::ListObject,
};

/// Lists invitations, newest first, also those that ended. Who manages members
/// in projects only sees their own.
#[utoipa::path(
    get, path = "/v1/organization/invites", operation_id = "list-invites", tag = "Invitations",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 100; 20 unless given"),
        ("after" = Option<String>, Query, description = "Id of the last invitation of the page before"),
        ("before" = Option<String>, Query, description = "Id of the first invitation of the page behind"),
        ("order" = Option<String>, Query, description = "`desc` (newest first) or `asc`"),
    ),
    responses((status = 200, body = ListObject<InviteObject>))
)]
pub async fn list(
    State(api): State<Api>,
    actor: AdminActor,
    mut query: Query,
) -> Result<Json<ListObject<InviteObject>>, ApiError> {
    let page = query.page(Order::Desc)?;
    query.end()?;
    let listed = invitation::list(&api.keyward, &actor, None, page).await?;
    let now = api.keyward.now();
    Ok(Json(ListObject::new(listed, |details| InviteObject::new(details, now))))
}
