//! `GET /v1/organization/prices/{price_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::price;

use super::object::PriceObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, id},
};

/// Retrieves a price that your organization set.
#[utoipa::path(
    get, path = "/v1/organization/prices/{price_id}", operation_id = "retrieve-price", tag = "Prices",
    params(("price_id" = String, Path, description = "Id of the price")),
    responses((status = 200, body = PriceObject))
)]
pub async fn retrieve(
    State(api): State<Api>,
    actor: AdminActor,
    Path(price_id): Path<String>,
) -> Result<Json<PriceObject>, ApiError> {
    Ok(Json(price::find(&api.keyward, &actor, id(&price_id, "price")?).await?.into()))
}
