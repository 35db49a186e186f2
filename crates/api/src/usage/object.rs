//! Usage and costs as they are answered.

use keyward_domain::{money::dollars, usage::ServiceTier};
use keyward_service::usage_report::{Sum, UsageReport};
use serde::Serialize;
use utoipa::ToSchema;

/// One page of a report.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsagePage<T> {
    /// Always `page`.
    pub object: &'static str,
    /// Its times, the earliest first.
    pub data: Vec<UsageBucket<T>>,
    /// Whether another page follows.
    pub has_more: bool,
    /// What to give as `page` for the next one; null if none follows.
    pub next_page: Option<String>,
}

/// One time of a report.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsageBucket<T> {
    /// Always `bucket`.
    pub object: &'static str,
    /// Where it begins, in Unix seconds.
    pub start_time: i64,
    /// Where it ends, in Unix seconds, itself left out.
    pub end_time: i64,
    /// One result for each group that used anything, the dearest first.
    pub results: Vec<T>,
}

impl<T> UsagePage<T> {
    pub fn new(report: UsageReport, mut result: impl FnMut(Sum) -> T) -> Self {
        let data = report.buckets.into_iter().map(|bucket| UsageBucket {
            object: "bucket",
            start_time: bucket.start,
            end_time: bucket.end,
            results: bucket.sums.into_iter().map(&mut result).collect(),
        });
        let data = data.collect();
        Self { object: "page", data, has_more: report.next_page.is_some(), next_page: report.next_page }
    }
}

/// What chat completions, completions, responses and messages used.
#[derive(Debug, Serialize, ToSchema)]
pub struct CompletionsUsageObject {
    /// Always `organization.usage.completions.result`.
    pub object: &'static str,
    /// Tokens read by models, all of them.
    pub input_tokens: i64,
    /// Of those, read from a provider's cache.
    pub input_cached_tokens: i64,
    /// Of those, written to a provider's cache.
    pub input_cache_write_tokens: i64,
    /// Of those, neither.
    pub input_uncached_tokens: i64,
    /// Of those, audio.
    pub input_audio_tokens: i64,
    /// Tokens written by models, all of them.
    pub output_tokens: i64,
    /// Of those, reasoning.
    pub output_reasoning_tokens: i64,
    /// Of those, audio.
    pub output_audio_tokens: i64,
    /// Calls.
    pub num_model_requests: i64,
    /// Of the calls, those whose cost nobody knows: they aren't in the cost.
    pub num_unpriced_requests: i64,
    /// Calls that Keyward's cache answered: they aren't among the others.
    pub num_cached_requests: i64,
    /// Of the calls, those whose tokens Keyward counted: the provider didn't say.
    pub num_estimated_requests: i64,
    /// What they cost, in decimal dollars.
    pub cost: String,
    /// The same in nanodollars.
    pub cost_nanos: i64,
    /// When grouped by it.
    pub project_id: Option<String>,
    /// When grouped by it: who made the key; null for a service account's.
    pub user_id: Option<String>,
    /// When grouped by it.
    pub api_key_id: Option<String>,
    /// When grouped by it: the provider's name of the model.
    pub model: Option<String>,
    /// When grouped by the model: who answered.
    pub provider: Option<String>,
    /// When grouped by it.
    pub batch: Option<bool>,
    /// When grouped by it, as far as providers say.
    pub service_tier: Option<String>,
}

impl From<Sum> for CompletionsUsageObject {
    fn from(sum: Sum) -> Self {
        let amounts = sum.amounts;
        let (provider, model) = names(sum.model);
        Self {
            object: "organization.usage.completions.result",
            input_tokens: amounts.input_tokens,
            input_cached_tokens: amounts.cached_input_tokens,
            input_cache_write_tokens: amounts.cache_write_tokens,
            input_uncached_tokens: amounts
                .input_tokens
                .saturating_sub(amounts.cached_input_tokens)
                .saturating_sub(amounts.cache_write_tokens)
                .max(0),
            input_audio_tokens: amounts.input_audio_tokens,
            output_tokens: amounts.output_tokens,
            output_reasoning_tokens: amounts.reasoning_tokens,
            output_audio_tokens: amounts.output_audio_tokens,
            num_model_requests: amounts.requests,
            num_unpriced_requests: amounts.unpriced_requests,
            num_cached_requests: amounts.cached_requests,
            num_estimated_requests: amounts.estimated_requests,
            cost: dollars(amounts.cost_nanos),
            cost_nanos: amounts.cost_nanos,
            project_id: sum.project.map(|id| id.to_string()),
            user_id: sum.user.map(|id| id.to_string()),
            api_key_id: sum.key.map(|id| id.to_string()),
            model,
            provider,
            batch: sum.batch,
            service_tier: sum.tier.filter(|tier| *tier != ServiceTier::Unsaid).map(|tier| tier.as_str().to_owned()),
        }
    }
}

/// What embeddings used.
#[derive(Debug, Serialize, ToSchema)]
pub struct EmbeddingsUsageObject {
    /// Always `organization.usage.embeddings.result`.
    pub object: &'static str,
    /// Tokens read by models.
    pub input_tokens: i64,
    /// Calls.
    pub num_model_requests: i64,
    /// Of the calls, those whose cost nobody knows: they aren't in the cost.
    pub num_unpriced_requests: i64,
    /// Calls that Keyward's cache answered: they aren't among the others.
    pub num_cached_requests: i64,
    /// Of the calls, those whose tokens Keyward counted: the provider didn't say.
    pub num_estimated_requests: i64,
    /// What they cost, in decimal dollars.
    pub cost: String,
    /// The same in nanodollars.
    pub cost_nanos: i64,
    /// When grouped by it.
    pub project_id: Option<String>,
    /// When grouped by it: who made the key; null for a service account's.
    pub user_id: Option<String>,
    /// When grouped by it.
    pub api_key_id: Option<String>,
    /// When grouped by it: the provider's name of the model.
    pub model: Option<String>,
    /// When grouped by the model: who answered.
    pub provider: Option<String>,
}

impl From<Sum> for EmbeddingsUsageObject {
    fn from(sum: Sum) -> Self {
        let (provider, model) = names(sum.model);
        Self {
            object: "organization.usage.embeddings.result",
            input_tokens: sum.amounts.input_tokens,
            num_model_requests: sum.amounts.requests,
            num_unpriced_requests: sum.amounts.unpriced_requests,
            num_cached_requests: sum.amounts.cached_requests,
            num_estimated_requests: sum.amounts.estimated_requests,
            cost: dollars(sum.amounts.cost_nanos),
            cost_nanos: sum.amounts.cost_nanos,
            project_id: sum.project.map(|id| id.to_string()),
            user_id: sum.user.map(|id| id.to_string()),
            api_key_id: sum.key.map(|id| id.to_string()),
            model,
            provider,
        }
    }
}

/// What calls cost.
#[derive(Debug, Serialize, ToSchema)]
pub struct CostObject {
    /// Always `organization.costs.result`.
    pub object: &'static str,
    /// The cost.
    pub amount: AmountObject,
    /// When grouped by it: the provider and its model, as `openai/gpt-4o`.
    pub line_item: Option<String>,
    /// When grouped by the line item: its tokens, read and written.
    pub quantity: Option<i64>,
    /// `tokens` where there is a quantity.
    pub quantity_unit: Option<&'static str>,
    /// Calls.
    pub num_model_requests: i64,
    /// Of the calls, those whose cost nobody knows: they aren't in the amount.
    pub num_unpriced_requests: i64,
    /// Calls that Keyward's cache answered: they aren't among the others.
    pub num_cached_requests: i64,
    /// Of the calls, those whose tokens Keyward counted: the provider didn't say.
    pub num_estimated_requests: i64,
    /// When grouped by it.
    pub project_id: Option<String>,
    /// When grouped by it.
    pub api_key_id: Option<String>,
}

/// An amount of money.
#[derive(Debug, Serialize, ToSchema)]
pub struct AmountObject {
    /// Dollars as a number, as the specification has it: for showing. Add up
    /// `value_nanos`.
    pub value: f64,
    /// Always `usd`.
    pub currency: &'static str,
    /// Decimal dollars, exactly.
    pub value_decimal: String,
    /// Nanodollars, exactly.
    pub value_nanos: i64,
}

impl From<Sum> for CostObject {
    fn from(sum: Sum) -> Self {
        let amounts = sum.amounts;
        let line_item = sum.model.map(|(provider, model)| match (provider.as_str(), model.as_str()) {
            ("", _) => "unknown".to_owned(),
            (provider, "") => format!("{provider}/unknown"),
            (provider, model) => format!("{provider}/{model}"),
        });
        Self {
            object: "organization.costs.result",
            amount: AmountObject {
                value: amounts.cost_nanos as f64 / 1e9,
                currency: "usd",
                value_decimal: dollars(amounts.cost_nanos),
                value_nanos: amounts.cost_nanos,
            },
            quantity: line_item.as_ref().map(|_| amounts.input_tokens.saturating_add(amounts.output_tokens)),
            quantity_unit: line_item.as_ref().map(|_| "tokens"),
            line_item,
            num_model_requests: amounts.requests,
            num_unpriced_requests: amounts.unpriced_requests,
            num_cached_requests: amounts.cached_requests,
            num_estimated_requests: amounts.estimated_requests,
            project_id: sum.project.map(|id| id.to_string()),
            api_key_id: sum.key.map(|id| id.to_string()),
        }
    }
}

/// Provider and model; what nobody knows is null.
fn names(model: Option<(String, String)>) -> (Option<String>, Option<String>) {
    let known = |text: String| (!text.is_empty()).then_some(text);
    model.map_or((None, None), |(provider, model)| (known(provider), known(model)))
}
