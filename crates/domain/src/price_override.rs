//! Prices that an organization sets for itself: for models of a name or a glob,
//! of one provider or of any, from a moment on. They come before providers' own
//! lists. What a call cost when it was made never changes.

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    Invalid,
    id::{OrganizationId, PriceId},
    model::{ModelMatcher, ModelPatterns},
    money::{dollars_of_picos, dollars_per_million, parse_dollars, parse_per_million},
    price::Rates,
    provider::Provider,
};

/// Most overrides of one organization.
pub const MAX_OVERRIDES: usize = 1000;

/// The most that a million tokens may cost, in dollars.
const MOST_PER_MILLION: u64 = 10_000;

/// The most that each call may cost, in dollars.
const MOST_PER_REQUEST: u64 = 100;

/// What models cost: decimal dollars, as somebody wrote them. For a million
/// tokens, but for the request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PriceDraft {
    /// Input.
    pub input: String,
    /// Output.
    pub output: String,
    /// Input read from a provider's cache; `None`: as other input.
    pub cache_read: Option<String>,
    /// Input written to a provider's cache; `None`: as other input.
    pub cache_write: Option<String>,
    /// Each call; `None`: nothing.
    pub request: Option<String>,
}

/// What models cost: picodollars, for one token or one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnPrices {
    /// Input.
    pub input: u64,
    /// Output.
    pub output: u64,
    /// Input read from a provider's cache; `None`: as other input.
    pub cache_read: Option<u64>,
    /// Input written to a provider's cache; `None`: as other input.
    pub cache_write: Option<u64>,
    /// Each call.
    pub request: u64,
}

impl OwnPrices {
    /// Reads decimal dollars.
    pub fn parse(draft: &PriceDraft) -> Result<Self, Invalid> {
        let tokens = |param: &str, text: &str| parse_per_million(param, text, MOST_PER_MILLION);
        let some = |param: &str, text: &Option<String>| text.as_deref().map(|text| tokens(param, text)).transpose();
        let request = draft.request.as_deref().map(|text| parse_dollars("per_request", text, MOST_PER_REQUEST));
        Ok(Self {
            input: tokens("input_per_million", &draft.input)?,
            output: tokens("output_per_million", &draft.output)?,
            cache_read: some("cache_read_per_million", &draft.cache_read)?,
            cache_write: some("cache_write_per_million", &draft.cache_write)?,
            request: request.transpose()?.unwrap_or(0),
        })
    }

    /// In decimal dollars.
    pub fn written(&self) -> PriceDraft {
        PriceDraft {
            input: dollars_per_million(self.input),
            output: dollars_per_million(self.output),
            cache_read: self.cache_read.map(dollars_per_million),
            cache_write: self.cache_write.map(dollars_per_million),
            request: Some(dollars_of_picos(self.request)),
        }
    }

    /// Prices of everything that is metered: audio and reasoning as other tokens.
    fn rates(&self) -> Rates {
        let cache_write = self.cache_write.unwrap_or(self.input);
        Rates {
            input: self.input,
            cached: self.cache_read.unwrap_or(self.input),
            cache_write,
            cache_write_hour: cache_write,
            input_audio: self.input,
            output: self.output,
            reasoning: self.output,
            output_audio: self.output,
            request: self.request,
        }
    }
}

/// Reads a model's name or glob from the field `model`.
pub fn parse_model(text: &str) -> Result<String, Invalid> {
    let at_model = |error: Invalid| Invalid { param: "model".into(), ..error };
    let patterns = ModelPatterns::parse("model", vec![text.to_owned()]).map_err(at_model)?;
    Ok(patterns.as_slice().concat())
}

/// A price that an organization set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceOverride {
    /// Its id.
    pub id: PriceId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// Of which provider's models; `None`: of any's.
    pub provider: Option<Provider>,
    /// The provider's name of the model, or a glob.
    pub model: String,
    /// From when on.
    pub effective_from: Timestamp,
    /// The prices.
    pub prices: OwnPrices,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Counts its changes, for `If-Match`.
    pub version: i64,
}

/// What an audit event says of it.
#[derive(Debug, Serialize)]
pub struct AuditedPrice {
    provider: Option<&'static str>,
    model: String,
    effective_from: Timestamp,
    input_per_million: String,
    output_per_million: String,
    cache_read_per_million: Option<String>,
    cache_write_per_million: Option<String>,
    per_request: Option<String>,
}

impl PriceOverride {
    /// What an audit event says of it.
    pub fn audited(&self) -> AuditedPrice {
        let written = self.prices.written();
        AuditedPrice {
            provider: self.provider.map(Provider::as_str),
            model: self.model.clone(),
            effective_from: self.effective_from,
            input_per_million: written.input,
            output_per_million: written.output,
            cache_read_per_million: written.cache_read,
            cache_write_per_million: written.cache_write,
            per_request: written.request,
        }
    }

    /// How much it says: a whole name before a glob, a longer one before a
    /// shorter one, a provider's before any's, a later one before an earlier one.
    fn rank(&self) -> impl Ord + use<> {
        let is_name = !self.model.contains(['*', '?', '[', '{', '\\']);
        (is_name, self.model.chars().count(), self.provider.is_some(), self.effective_from, self.id)
    }
}

/// An organization's own prices, compiled.
#[derive(Debug, Default)]
pub struct PriceBook(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    provider: Option<Provider>,
    models: ModelMatcher,
    effective_from: Timestamp,
    rates: Rates,
}

impl PriceBook {
    /// Compiles overrides of one organization.
    pub fn new(mut overrides: Vec<PriceOverride>) -> Self {
        overrides.sort_by_cached_key(|price| std::cmp::Reverse(price.rank()));
        let entry = |price: PriceOverride| {
            let models = ModelPatterns::parse("model", vec![price.model]).ok()?.compile();
            let rates = price.prices.rates();
            Some(Entry { provider: price.provider, models, effective_from: price.effective_from, rates })
        };
        Self(overrides.into_iter().filter_map(entry).collect())
    }

    /// Whether it sets no price.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The prices of a provider's model at a moment, if it sets any.
    pub fn find(&self, provider: Provider, model: &str, at: Timestamp) -> Option<&Rates> {
        let is_it = |entry: &&Entry| {
            entry.provider.is_none_or(|named| named == provider)
                && entry.effective_from <= at
                && entry.models.matches_any(&[model])
        };
        self.0.iter().find(is_it).map(|entry| &entry.rates)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// The number is its id and its price of input.
    fn price(number: u64, provider: Option<Provider>, model: &str, from: i64) -> PriceOverride {
        PriceOverride {
            id: PriceId::from_uuid(Uuid::from_u128(number.into())),
            organization: OrganizationId::from_uuid(Uuid::nil()),
            provider,
            model: model.into(),
            effective_from: at(from),
            prices: OwnPrices { input: number, output: 0, cache_read: None, cache_write: None, request: 0 },
            created_at: at(0),
            updated_at: at(0),
            version: 1,
        }
    }

    #[test]
    fn the_most_telling_price_that_holds_is_taken() {
        let book = PriceBook::new(vec![
            price(1, None, "*", 0),
            price(2, None, "gpt-4o*", 0),
            price(3, Some(Provider::OpenAi), "gpt-4o*", 0),
            price(4, None, "gpt-4o-mini", 0),
            price(5, None, "gpt-4o-mini", 100),
            price(6, Some(Provider::Groq), "llama-*", 50),
        ]);
        let find = |provider, model: &str, second| book.find(provider, model, at(second)).map(|rates| rates.input);
        assert_eq!(find(Provider::OpenAi, "gpt-4o-mini", 99), Some(4));
        assert_eq!(find(Provider::OpenAi, "gpt-4o-mini", 100), Some(5));
        assert_eq!(find(Provider::OpenAi, "gpt-4o-2024", 0), Some(3));
        assert_eq!(find(Provider::AzureOpenAi, "gpt-4o-2024", 0), Some(2));
        assert_eq!(find(Provider::Groq, "llama-3", 49), Some(1));
        assert_eq!(find(Provider::Groq, "llama-3", 50), Some(6));
        assert_eq!(find(Provider::Groq, "llama-3", -1), None);
        assert!(PriceBook::default().find(Provider::OpenAi, "x", at(0)).is_none());
    }

    #[test]
    fn prices_are_read_and_written_in_dollars() {
        let draft = PriceDraft {
            input: "2.5".into(),
            output: "10".into(),
            cache_read: Some("1.25".into()),
            cache_write: None,
            request: Some("0.01".into()),
        };
        let prices = OwnPrices::parse(&draft).unwrap();
        let rates = prices.rates();
        assert_eq!((rates.input, rates.cached, rates.cache_write), (2_500_000, 1_250_000, 2_500_000));
        assert_eq!((rates.output, rates.request), (10_000_000, 10_000_000_000));
        assert_eq!(OwnPrices::parse(&prices.written()).unwrap(), prices);
        for (draft, param) in [
            (PriceDraft { input: "-1".into(), ..draft.clone() }, "input_per_million"),
            (PriceDraft { output: "10000.01".into(), ..draft.clone() }, "output_per_million"),
            (PriceDraft { cache_read: Some(String::new()), ..draft.clone() }, "cache_read_per_million"),
            (PriceDraft { cache_write: Some("x".into()), ..draft.clone() }, "cache_write_per_million"),
            (PriceDraft { request: Some("101".into()), ..draft.clone() }, "per_request"),
        ] {
            assert_eq!(OwnPrices::parse(&draft).unwrap_err().param, param);
        }
        assert_eq!(parse_model("[").unwrap_err().param, "model");
        assert_eq!(parse_model(" gpt-4o* ").unwrap(), "gpt-4o*");
    }
}
