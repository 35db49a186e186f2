//! `GET /v1/organization/sso_providers`

use axum::{Json, extract::State};
use keyward_domain::page::Order;
use keyward_service::sso;

use super::object::SsoProviderObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, Query},
    list::ListObject,
};

/// Lists the organization's single sign-on providers, newest first.
#[utoipa::path(
    get, path = "/v1/organization/sso_providers", operation_id = "list-sso-providers", tag = "Single sign-on",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 100; 20 unless given"),
        ("after" = Option<String>, Query, description = "Id of the last provider of the page before"),
        ("before" = Option<String>, Query, description = "Id of the first provider of the page behind"),
        ("order" = Option<String>, Query, description = "`desc` (newest first) or `asc`"),
    ),
    responses((status = 200, body = ListObject<SsoProviderObject>))
)]
pub async fn list(
    State(api): State<Api>,
    actor: AdminActor,
    mut query: Query,
) -> Result<Json<ListObject<SsoProviderObject>>, ApiError> {
    let page = query.page(Order::Desc)?;
    query.end()?;
    let listed = sso::list(&api.keyward, &actor, page).await?;
    Ok(Json(ListObject::new(listed, |provider| SsoProviderObject::new(&api.keyward, provider))))
}
