//! `POST /v1/organization/prices`

use axum::{Json, extract::State};
use keyward_domain::price_override::{OwnPrices, PriceDraft, parse_model};
use keyward_service::price::{self, CreatePrice};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{object::PriceObject, provider};
use crate::{
    Api, ApiError,
    extract::{AdminActor, Creating},
    time::Moment,
};

/// What the price will be. Dollars are decimal texts, such as `"2.50"`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPriceBody {
    /// The provider's name of the model, or a glob such as `gpt-4o*`.
    pub model: String,
    /// Of which provider's models, such as `openai`; null: of any's.
    #[serde(default)]
    pub provider: Option<String>,
    /// From when on; null: from now on.
    #[serde(default)]
    pub effective_from: Option<Moment>,
    /// For a million tokens of input.
    pub input_per_million: String,
    /// For a million tokens of output.
    pub output_per_million: String,
    /// For a million tokens read from a provider's cache; null: as other input.
    #[serde(default)]
    pub cache_read_per_million: Option<String>,
    /// For a million tokens written to a provider's cache; null: as other input.
    #[serde(default)]
    pub cache_write_per_million: Option<String>,
    /// For each call; null: nothing.
    #[serde(default)]
    pub per_request: Option<String>,
}

/// Sets a price, which comes before the provider's own list. Calls have it from
/// the next one on; what calls cost before stays. Where several fit a model, a
/// whole name comes before a glob, a longer one before a shorter one, a
/// provider's before any's, and then the latest that holds.
#[utoipa::path(
    post, path = "/v1/organization/prices", operation_id = "create-price", tag = "Prices",
    params(("Idempotency-Key" = Option<String>, Header, description = "Guards against doing it twice within 24 hours")),
    request_body = NewPriceBody, responses((status = 200, body = PriceObject))
)]
pub async fn create(
    State(api): State<Api>,
    actor: AdminActor,
    request: Creating<NewPriceBody>,
) -> Result<Json<PriceObject>, ApiError> {
    let body = request.body;
    let draft = PriceDraft {
        input: body.input_per_million,
        output: body.output_per_million,
        cache_read: body.cache_read_per_million,
        cache_write: body.cache_write_per_million,
        request: body.per_request,
    };
    let command = CreatePrice {
        provider: body.provider.as_deref().map(provider).transpose()?,
        model: parse_model(&body.model)?,
        effective_from: body.effective_from.map(|moment| moment.read("effective_from")).transpose()?,
        prices: OwnPrices::parse(&draft)?,
        idempotency: request.idempotency,
    };
    Ok(Json(price::create(&api.keyward, &actor, command).await?.into()))
}
