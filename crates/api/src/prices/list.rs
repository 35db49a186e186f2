//! `GET /v1/organization/prices`

use axum::{Json, extract::State};
use keyward_domain::page::Order;
use keyward_service::price;

use super::object::PriceObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, Query},
    list::ListObject,
};

/// Lists the prices that your organization set, newest first. What isn't among
/// them is priced by the providers' own lists.
#[utoipa::path(
    get, path = "/v1/organization/prices", operation_id = "list-prices", tag = "Prices",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 100; 20 unless given"),
        ("after" = Option<String>, Query, description = "Id of the last price of the page before"),
        ("before" = Option<String>, Query, description = "Id of the first price of the page behind"),
        ("order" = Option<String>, Query, description = "`desc` (newest first) or `asc`"),
    ),
    responses((status = 200, body = ListObject<PriceObject>))
)]
pub async fn list(
    State(api): State<Api>,
    actor: AdminActor,
    mut query: Query,
) -> Result<Json<ListObject<PriceObject>>, ApiError> {
    let page = query.page(Order::Desc)?;
    query.end()?;
    let listed = price::list(&api.keyward, &actor, page).await?;
    Ok(Json(ListObject::new(listed, PriceObject::from)))
}
