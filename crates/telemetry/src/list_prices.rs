//! What providers charge by their own lists: the data of the `genai-prices`
//! crate, read once for each model into whole picodollars. It only looks up; what
//! an organization sets for itself comes before it, and what a call costs is
//! computed by the domain.
//!
//! The crate answers what a use costs in floating point and keeps its price lists
//! to itself. So it is asked what a million tokens of each sort cost, at inputs
//! of every length where its answers change; a call is never priced by it.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use genai_prices::{Calculator, PriceRequest, Usage, UsageKey};
use keyward_domain::{
    price::{Rates, Tariff},
    provider::Provider,
    usage::ServiceTier,
};
use parking_lot::RwLock;

/// How long a model's prices are kept: some change with the hour of the day.
const SLOT_MS: i64 = 15 * 60 * 1000;

/// More models than this are forgotten together: callers name models.
const MOST: usize = 4096;

/// The longest input that prices are asked for: sixteen million tokens.
const LONGEST: u64 = 1 << 24;

/// Tokens that a price is asked for, so that its digits survive the way back.
const PROBE: f64 = 1e6;

/// Prices by provider, model and service tier.
#[derive(Debug, Default)]
pub struct ListPrices {
    known: RwLock<HashMap<(Provider, ServiceTier), Models>>,
}

type Models = HashMap<Box<str>, Known>;

/// What was found, and in which slot of time it holds.
#[derive(Debug, Clone)]
struct Known {
    slot: i64,
    tariff: Option<Arc<Tariff>>,
    /// How many tokens the model takes in and gives out at most, if that is listed.
    context_window: Option<u64>,
}

impl ListPrices {
    /// Reads the price lists, which takes tens of milliseconds. Otherwise the
    /// first priced call does it.
    pub fn warm_up() {
        let _read = Calculator::bundled();
    }

    /// What a provider charges for calls of a model at a moment, in milliseconds
    /// since 1970. `None` where nobody knows: no list of that provider, or a
    /// model that isn't in it.
    pub fn find(&self, provider: Provider, model: &str, tier: ServiceTier, at_ms: i64) -> Option<Arc<Tariff>> {
        self.known(provider, model, tier, at_ms).tariff
    }

    /// How many tokens a model takes in and gives out at most, if that is listed.
    pub fn context_window(&self, provider: Provider, model: &str, at_ms: i64) -> Option<u64> {
        self.known(provider, model, ServiceTier::Unsaid, at_ms).context_window
    }

    /// The dearest prices for calls with that much input or less, in whatever tier
    /// the provider answers.
    pub fn dearest(&self, provider: Provider, model: &str, input: u64, at_ms: i64) -> Option<Rates> {
        let of_tier = |tier: &ServiceTier| Some(self.find(provider, model, *tier, at_ms)?.dearest_up_to(input));
        ServiceTier::ALL.iter().filter_map(of_tier).reduce(|dearest, rates| dearest.or_dearer(&rates))
    }

    fn known(&self, provider: Provider, model: &str, tier: ServiceTier, at_ms: i64) -> Known {
        let slot = at_ms.div_euclid(SLOT_MS);
        let of_provider = (provider, tier);
        if let Some(known) = self.known.read().get(&of_provider).and_then(|models| models.get(model))
            && known.slot == slot
        {
            return known.clone();
        }
        let tariff = look_up(provider, model, tier, slot * SLOT_MS).map(Arc::new);
        let context_window = list_of(provider).and_then(|list| context_window(list, model));
        let found = Known { slot, tariff, context_window };
        let mut known = self.known.write();
        let models = known.entry(of_provider).or_default();
        if models.len() >= MOST {
            models.clear();
        }
        models.insert(model.into(), found.clone());
        found
    }
}

/// The provider's name in the price lists; `None` for servers of one's own.
const fn list_of(provider: Provider) -> Option<&'static str> {
    Some(match provider {
        Provider::OpenAi => "openai",
        Provider::Anthropic => "anthropic",
        Provider::AzureOpenAi => "azure",
        Provider::Google => "google",
        Provider::Mistral => "mistral",
        Provider::Groq => "groq",
        Provider::DeepSeek => "deepseek",
        Provider::Xai => "x-ai",
        Provider::OpenRouter => "openrouter",
        Provider::Together => "together",
        Provider::Ollama | Provider::Vllm | Provider::OpenAiCompatible | Provider::Demo => return None,
    })
}

fn look_up(provider: Provider, model: &str, tier: ServiceTier, at_ms: i64) -> Option<Tariff> {
    if provider == Provider::Demo {
        return Some(Tariff::default());
    }
    if tier == ServiceTier::Batch {
        return batch(provider, model, at_ms);
    }
    listed(&Asked { provider: list_of(provider)?, model, tier, at_ms })
}

/// What a model's batches cost: half as much where its list has no price of
/// theirs, as with all providers that have batches.
fn batch(provider: Provider, model: &str, at_ms: i64) -> Option<Tariff> {
    let of_tier = |tier| listed(&Asked { provider: list_of(provider)?, model, tier, at_ms });
    let (usual, batch) = (of_tier(ServiceTier::Unsaid)?, of_tier(ServiceTier::Batch)?);
    Some(if batch == usual { usual.halved() } else { batch })
}

fn listed(asked: &Asked<'_>) -> Option<Tariff> {
    let base = asked.rates(1)?;
    // What lists nothing that Keyward meters (seconds of audio, pages) isn't free.
    if base == Rates::default() && !asked.model.ends_with(":free") {
        return None;
    }
    let (mut above, mut length, mut rates) = (Vec::new(), 1, base);
    while length < LONGEST {
        let next = (length * 2).min(LONGEST);
        let at_next = asked.rates(next)?;
        if at_next == rates {
            length = next;
            continue;
        }
        // The last length at which the old prices hold, and then on from there.
        let (mut same, mut other) = (length, next);
        while other - same > 1 {
            let middle = same + (other - same) / 2;
            if asked.rates(middle)? == rates { same = middle } else { other = middle }
        }
        rates = asked.rates(other)?;
        above.push((same, rates));
        length = other;
    }
    Some(Tariff::new(base, above))
}

fn context_window(provider: &'static str, model: &str) -> Option<u64> {
    let nothing = Usage::default();
    let request = PriceRequest::new(model, &nothing).with_provider_id(provider);
    let priced = Calculator::bundled().calculate(&request).ok()?;
    let listed = Calculator::bundled().find_provider(Some(provider), None).ok()??;
    listed.models().find(|listed| listed.id() == priced.model_id)?.context_window()
}

/// What the price lists are asked about.
struct Asked<'a> {
    provider: &'static str,
    model: &'a str,
    tier: ServiceTier,
    at_ms: i64,
}

impl Asked<'_> {
    /// The prices for calls with that much input.
    fn rates(&self, length: u64) -> Option<Rates> {
        let input = length as f64;
        let of_input = |part: &[&'static str]| {
            let whole = std::iter::once(UsageKey::INPUT_TOKENS);
            let parts = part.iter().map(|key| UsageKey::from(*key));
            let usage: Usage = whole.chain(parts).map(|key| (key, input)).collect();
            self.ask(&usage).map(|(input_price, _, _)| picos(input_price / input))
        };
        let of_output = |part: &[&'static str]| {
            let whole = std::iter::once(UsageKey::OUTPUT_TOKENS);
            let parts = part.iter().map(|key| UsageKey::from(*key));
            let output = whole.chain(parts).map(|key| (key, PROBE));
            let usage: Usage = std::iter::once((UsageKey::INPUT_TOKENS, input)).chain(output).collect();
            self.ask(&usage).map(|(_, output_price, _)| picos(output_price / PROBE))
        };
        let requests: Usage = [(UsageKey::from("requests"), PROBE)].into_iter().collect();
        Some(Rates {
            input: of_input(&[])?,
            cached: of_input(&["cache_read_tokens"])?,
            cache_write: of_input(&["cache_write_tokens"])?,
            cache_write_hour: of_input(&["cache_write_tokens", "cache_write_1h_tokens"])?,
            input_audio: of_input(&["input_audio_tokens"])?,
            output: of_output(&[])?,
            reasoning: of_output(&["output_reasoning_tokens"])?,
            output_audio: of_output(&["output_audio_tokens"])?,
            request: self.ask(&requests).map_or(0, |(_, _, total)| picos(total / PROBE)),
        })
    }

    /// What a use costs: its input, its output, and all of it.
    fn ask(&self, usage: &Usage) -> Option<(f64, f64, f64)> {
        let at = UNIX_EPOCH + Duration::from_millis(u64::try_from(self.at_ms).unwrap_or(0));
        let mut request = PriceRequest::new(self.model, usage).with_provider_id(self.provider).with_timestamp(at);
        request = match self.tier {
            ServiceTier::Batch => request.with_price_context("processing", "batch"),
            ServiceTier::Unsaid | ServiceTier::Other => request,
            tier => request.with_price_context("service_tier", tier.as_str()),
        };
        let price = Calculator::bundled().calculate(&request).ok()?;
        Some((price.input_price, price.output_price, price.total_price))
    }
}

/// Dollars for one token in whole picodollars.
fn picos(dollars: f64) -> u64 {
    (dollars * 1e12).round() as u64
}

#[cfg(test)]
mod tests {
    use keyward_domain::price::Metered;

    use super::*;

    /// A day in the autumn of 2026.
    const AT: i64 = 1_792_000_000_000;

    fn find(provider: Provider, model: &str, tier: ServiceTier) -> Option<Arc<Tariff>> {
        ListPrices::default().find(provider, model, tier, AT)
    }

    fn dollars_per_million(tariff: &Tariff, used: &Metered) -> f64 {
        tariff.cost(used) as f64 / 1e9
    }

    #[test]
    fn every_listed_model_is_priced_as_the_list_prices_it() {
        let mut compared = 0;
        for (provider, id) in Provider::ALL.iter().filter_map(|provider| Some((*provider, list_of(*provider)?))) {
            let listed = Calculator::bundled().find_provider(Some(id), None).unwrap().unwrap();
            for model in listed.models().map(|model| model.id()).step_by(9) {
                let Some(tariff) = find(provider, model, ServiceTier::Unsaid) else { continue };
                for (input, cached, output) in [(1_000, 0, 100), (199_999, 1_000, 7), (200_001, 50_000, 4_096)] {
                    let usage: Usage = [
                        (UsageKey::INPUT_TOKENS, f64::from(input)),
                        (UsageKey::from("cache_read_tokens"), f64::from(cached)),
                        (UsageKey::OUTPUT_TOKENS, f64::from(output)),
                    ]
                    .into_iter()
                    .collect();
                    let asked = Asked { provider: id, model, tier: ServiceTier::Unsaid, at_ms: AT };
                    let (_, _, expected) = asked.ask(&usage).unwrap();
                    let used = Metered {
                        input: u64::from(input as u32),
                        cached: u64::from(cached as u32),
                        output: u64::from(output as u32),
                        ..Metered::default()
                    };
                    let difference = dollars_per_million(&tariff, &used) - expected;
                    // A picodollar for each token at most, and the rounding of the whole.
                    assert!(difference.abs() < 3e-7, "{id} {model} {input}: {difference}");
                    compared += 1;
                }
            }
        }
        assert!(compared > 200, "{compared}");
    }

    #[test]
    fn cache_long_inputs_and_tiers_have_their_own_prices() {
        let used = |input, cached| Metered { input, cached, ..Metered::default() };
        let gpt = find(Provider::OpenAi, "gpt-4o-mini-2024-07-18", ServiceTier::Unsaid).unwrap();
        assert_eq!(gpt.cost(&used(1_000_000, 0)), 150_000_000);
        assert_eq!(gpt.cost(&used(1_000_000, 1_000_000)), 75_000_000);
        let long = find(Provider::Google, "gemini-2.5-pro", ServiceTier::Unsaid).unwrap();
        assert_eq!(long.cost(&used(200_000, 0)), 250_000_000);
        assert_eq!(long.cost(&used(200_001, 0)), 500_002_500);
        let o3 = |tier| find(Provider::OpenAi, "o3", tier).unwrap().cost(&used(1_000_000, 0));
        assert!(o3(ServiceTier::Flex) < o3(ServiceTier::Usual) && o3(ServiceTier::Usual) < o3(ServiceTier::Priority));
        let claude = find(Provider::Anthropic, "claude-sonnet-4-5", ServiceTier::Usual).unwrap();
        let rates = claude.rates(1_000);
        assert_eq!(
            (rates.input, rates.cached, rates.cache_write, rates.cache_write_hour),
            (3_000_000, 300_000, 3_750_000, 6_000_000)
        );
    }

    #[test]
    fn a_batch_costs_half_unless_its_list_says_otherwise() {
        let price = |provider, model, tier| find(provider, model, tier).map(|tariff| *tariff.rates(1));
        let mut compared = 0;
        for (provider, model) in [
            (Provider::OpenAi, "gpt-4o-mini"),
            (Provider::OpenAi, "text-embedding-3-small"),
            (Provider::Anthropic, "claude-sonnet-4-5"),
            (Provider::Mistral, "mistral-small-latest"),
        ] {
            let Some(usual) = price(provider, model, ServiceTier::Unsaid) else { continue };
            let batch = price(provider, model, ServiceTier::Batch).unwrap();
            assert_eq!((batch.input, batch.output), (usual.input / 2, usual.output / 2), "{model}");
            compared += 1;
        }
        assert!(compared >= 3, "{compared}");
        assert_eq!(price(Provider::Vllm, "gpt-4o", ServiceTier::Batch), None);
        assert_eq!(price(Provider::Demo, "x", ServiceTier::Batch), Some(Rates::default()));
    }

    #[test]
    fn the_dearest_price_is_that_of_any_tier_and_the_longest_input() {
        let prices = ListPrices::default();
        let dearest = |provider, model, input| prices.dearest(provider, model, input, AT).unwrap();
        let priority = find(Provider::OpenAi, "o3", ServiceTier::Priority).unwrap();
        assert_eq!(dearest(Provider::OpenAi, "o3", 1_000).input, priority.rates(1_000).input);
        let gemini = |input| dearest(Provider::Google, "gemini-2.5-pro", input).input;
        assert!(gemini(200_000) < gemini(200_001));
        assert_eq!(prices.context_window(Provider::OpenAi, "gpt-4o-2024-08-06", AT), Some(128_000));
        assert_eq!(prices.context_window(Provider::OpenAi, "no-such-model", AT), None);
        assert_eq!(prices.dearest(Provider::OpenAi, "no-such-model", 1, AT), None);
    }

    #[test]
    fn what_nobody_knows_has_no_price() {
        assert_eq!(find(Provider::OpenAi, "no-such-model", ServiceTier::Unsaid), None);
        assert_eq!(find(Provider::Vllm, "gpt-4o", ServiceTier::Unsaid), None);
        assert_eq!(find(Provider::Demo, "anything", ServiceTier::Unsaid).unwrap().cost(&Metered::default()), 0);
    }
}
