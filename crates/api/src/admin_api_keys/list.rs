//! `GET /v1/organization/admin_api_keys`

use axum::{Json, extract::State};
use keyward_domain::page::Order;
use keyward_service::admin_key;

use super::object::AdminApiKeyObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, Query},
    list::ListObject,
};

/// Lists the organization's admin keys, oldest first.
#[utoipa::path(
    get, path = "/v1/organization/admin_api_keys", operation_id = "admin-api-keys-list", tag = "Admin keys",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 100; 20 unless given"),
        ("after" = Option<String>, Query, description = "Id of the last key of the page before"),
        ("before" = Option<String>, Query, description = "Id of the first key of the page behind"),
        ("order" = Option<String>, Query, description = "`asc` (oldest first) or `desc`"),
    ),
    responses((status = 200, body = ListObject<AdminApiKeyObject>))
)]
pub async fn list(
    State(api): State<Api>,
    actor: AdminActor,
    mut query: Query,
) -> Result<Json<ListObject<AdminApiKeyObject>>, ApiError> {
    let page = query.page(Order::Asc)?;
    query.end()?;
    let listed = admin_key::list(&api.keyward, &actor, page).await?;
    Ok(Json(ListObject::new(listed, AdminApiKeyObject::from)))
}
