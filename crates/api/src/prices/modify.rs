//! `POST /v1/organization/prices/{price_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::price_override::parse_model;
use keyward_service::price::{self, UpdatePrice};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{object::PriceObject, provider};
use crate::{
    Api, ApiError,
    extract::{AdminActor, IfMatch, JsonBody, id, present},
    time::Moment,
};

/// What changes; what isn't named stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModifyPriceBody {
    /// Of another model, or a glob.
    #[serde(default)]
    pub model: Option<String>,
    /// Of another provider's models; null: of any's.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub provider: Option<Option<String>>,
    /// From another moment on.
    #[serde(default)]
    pub effective_from: Option<Moment>,
    /// For a million tokens of input.
    #[serde(default)]
    pub input_per_million: Option<String>,
    /// For a million tokens of output.
    #[serde(default)]
    pub output_per_million: Option<String>,
    /// For a million tokens read from a provider's cache; null: as other input.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub cache_read_per_million: Option<Option<String>>,
    /// For a million tokens written to a provider's cache; null: as other input.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub cache_write_per_million: Option<Option<String>>,
    /// For each call; null: nothing.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub per_request: Option<Option<String>>,
}

/// Changes a price. Calls have it from the next one on; what calls cost before
/// stays.
#[utoipa::path(
    post, path = "/v1/organization/prices/{price_id}", operation_id = "modify-price", tag = "Prices",
    params(
        ("price_id" = String, Path, description = "Id of the price"),
        ("If-Match" = Option<String>, Header, description = "The version that was read"),
    ),
    request_body = ModifyPriceBody, responses((status = 200, body = PriceObject))
)]
pub async fn modify(
    State(api): State<Api>,
    actor: AdminActor,
    Path(price_id): Path<String>,
    IfMatch(expected_version): IfMatch,
    JsonBody(body): JsonBody<ModifyPriceBody>,
) -> Result<Json<PriceObject>, ApiError> {
    let provider = match body.provider {
        None => None,
        Some(None) => Some(None),
        Some(Some(name)) => Some(Some(provider(&name)?)),
    };
    let command = UpdatePrice {
        provider,
        model: body.model.as_deref().map(parse_model).transpose()?,
        effective_from: body.effective_from.map(|moment| moment.read("effective_from")).transpose()?,
        input: body.input_per_million,
        output: body.output_per_million,
        cache_read: body.cache_read_per_million,
        cache_write: body.cache_write_per_million,
        request: body.per_request,
        expected_version,
    };
    Ok(Json(price::update(&api.keyward, &actor, id(&price_id, "price")?, command).await?.into()))
}
