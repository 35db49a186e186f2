//! `DELETE /v1/organization/prices/{price_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::price;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Api, ApiError,
    extract::{AdminActor, id},
};

/// What is gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedPrice {
    /// Always `organization.price.deleted`.
    pub object: &'static str,
    /// Its id.
    pub id: String,
    /// Always true.
    pub deleted: bool,
}

/// Deletes a price: from the next call on, others that fit or the provider's own
/// list hold. What calls cost before stays.
#[utoipa::path(
    delete, path = "/v1/organization/prices/{price_id}", operation_id = "delete-price", tag = "Prices",
    params(("price_id" = String, Path, description = "Id of the price")),
    responses((status = 200, body = DeletedPrice))
)]
pub async fn delete(
    State(api): State<Api>,
    actor: AdminActor,
    Path(price_id): Path<String>,
) -> Result<Json<DeletedPrice>, ApiError> {
    price::delete(&api.keyward, &actor, id(&price_id, "price")?).await?;
    Ok(Json(DeletedPrice { object: "organization.price.deleted", id: price_id, deleted: true }))
}
