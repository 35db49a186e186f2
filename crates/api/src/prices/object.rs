//! A price as it is answered.

use keyward_domain::{price_override::PriceOverride, provider::Provider};
use serde::Serialize;
use utoipa::ToSchema;

use crate::list::HasId;

/// What models of a name cost, as the organization has it. Dollars are decimal
/// texts.
#[derive(Debug, Serialize, ToSchema)]
pub struct PriceObject {
    /// Always `organization.price`.
    pub object: &'static str,
    /// Its id.
    pub id: String,
    /// Of which provider's models; null: of any's.
    pub provider: Option<&'static str>,
    /// The provider's name of the model, or a glob such as `gpt-4o*`.
    pub model: String,
    /// From when on, in Unix seconds.
    pub effective_from: i64,
    /// For a million tokens of input.
    pub input_per_million: String,
    /// For a million tokens of output.
    pub output_per_million: String,
    /// For a million tokens read from a provider's cache; null: as other input.
    pub cache_read_per_million: Option<String>,
    /// For a million tokens written to a provider's cache; null: as other input.
    pub cache_write_per_million: Option<String>,
    /// For each call.
    pub per_request: String,
    /// When it was made, in Unix seconds.
    pub created_at: i64,
    /// When it was last changed, in Unix seconds.
    pub updated_at: i64,
    /// Counts its changes; send it as `If-Match`.
    pub version: i64,
}

impl From<PriceOverride> for PriceObject {
    fn from(price: PriceOverride) -> Self {
        let written = price.prices.written();
        Self {
            object: "organization.price",
            id: price.id.to_string(),
            provider: price.provider.map(Provider::as_str),
            model: price.model,
            effective_from: price.effective_from.as_second(),
            input_per_million: written.input,
            output_per_million: written.output,
            cache_read_per_million: written.cache_read,
            cache_write_per_million: written.cache_write,
            per_request: written.request.unwrap_or_default(),
            created_at: price.created_at.as_second(),
            updated_at: price.updated_at.as_second(),
            version: price.version,
        }
    }
}

impl HasId for PriceObject {
    fn id(&self) -> &str {
        &self.id
    }
}
