//! What calls cost: what one cost that has ended, the most that one can cost that
//! goes out, and what one will cost by what such calls cost lately.

use std::{cell::RefCell, collections::HashMap, sync::Arc};

use keyward_access::{BudgetEntry, KeyEntry, KeyIndex};
use keyward_domain::{
    Clock,
    budget::{BudgetMode, BudgetTerms, Reserve},
    clock::to_millis,
    id::{ApiKeyId, OrganizationId},
    price::{Metered, Rates},
    provider::Provider,
    usage::{CallKind, ServiceTier},
};
use keyward_provider::{Operation, Usage};
use keyward_telemetry::{
    journal::{ModelName, UsageRecord},
    list_prices::ListPrices,
};

use crate::{
    GatewayParts, bounds::Bounds, call::Call, candidates::Candidate, error::CallError, head::BodyHead, item,
    resolve::Choice,
};

/// More keys with models than this are forgotten together: callers name models.
const MOST_KNOWN: usize = 10_000;

/// How much of what a call cost goes into what such calls cost: an eighth.
const WEIGHT: i64 = 8;

/// How many tokens a model answers with, where nobody knows: for estimates.
const USUAL_OUTPUT: u64 = 1_000;

/// What the budgets of a call hold back for it, whichever of `candidates` answers.
/// Under a strict budget those of which nobody knows the most aren't asked; the
/// first one has to be known. One in shadow mode decides neither who is asked nor,
/// beside others, what is held back.
pub(crate) fn hold_back(
    call: &Call<'_>,
    key: &KeyEntry,
    budgets: &[Arc<BudgetEntry>],
    candidates: &mut Vec<Candidate<'_>>,
    (operation, body, wish): (Operation, &[u8], &BodyHead<'_>),
) -> Result<Reserve, CallError> {
    if item::kind(operation) == CallKind::Other {
        return Ok(Reserve::NOTHING);
    }
    let pricing = &call.core.ledger.pricing;
    let bounds = if wish.is_form { Bounds::UNKNOWN } else { Bounds::of_json(body, operation) };
    let asked = |choice: &Choice<'_>| (choice.credential.provider, choice.model.to_owned());
    let organization = key.project.organization;
    let mut terms = budgets.iter().map(|entry| &entry.budget.terms);
    if !terms.clone().any(BudgetTerms::is_strict) {
        let estimate = || {
            let estimates = candidates.iter().map(|one| pricing.estimate(key, &asked(&one.choice), &bounds));
            estimates.max().unwrap_or(0)
        };
        if terms.clone().all(|terms| terms.mode == BudgetMode::Balanced) {
            let nanos = estimate();
            return Ok(Reserve { nanos, most: Some(nanos) });
        }
        let mut ceilings = candidates.iter().map(|one| pricing.ceiling(organization, &asked(&one.choice), &bounds));
        let first = ceilings.next().and_then(Result::ok);
        let most = first.map(|first| ceilings.filter_map(Result::ok).fold(first, i64::max));
        let nanos = most.filter(|_| terms.all(|terms| terms.shadow)).unwrap_or_else(estimate);
        return Ok(Reserve { nanos, most });
    }
    let mut refusal = None;
    let (mut most, mut at) = (0, 0);
    candidates.retain(|candidate| {
        let is_first = at == 0;
        at += 1;
        match pricing.ceiling(organization, &asked(&candidate.choice), &bounds) {
            Ok(ceiling) => {
                most = most.max(ceiling);
                true
            }
            Err(error) if is_first => {
                refusal = Some(error);
                true
            }
            Err(_) => false,
        }
    });
    refusal.map_or(Ok(Reserve { nanos: most, most: Some(most) }), Err)
}

/// Prices, and what calls cost lately on one core.
pub(crate) struct Pricing {
    list: Arc<ListPrices>,
    /// Has the organizations' own prices.
    index: Arc<KeyIndex>,
    clock: Arc<dyn Clock>,
    lately: RefCell<HashMap<(ApiKeyId, ModelName), i64>>,
}

impl Pricing {
    pub(crate) fn new(parts: &GatewayParts) -> Self {
        Self {
            list: Arc::clone(&parts.prices),
            index: Arc::clone(&parts.index),
            clock: Arc::clone(&parts.clock),
            lately: RefCell::default(),
        }
    }

    /// What a call or a batch of them cost, in nanodollars, if anybody knows: by the
    /// organization's own prices, else by the provider's.
    pub(crate) fn cost(&self, asked: (OrganizationId, Provider), record: &UsageRecord, usage: &Usage) -> Option<i64> {
        let (organization, provider) = asked;
        let (_, model) = record.model.parts()?;
        let used = Metered {
            input: usage.input_tokens,
            cached: usage.cached_input_tokens,
            cache_write: usage.cache_write_tokens,
            cache_write_hour: usage.cache_write_hour_tokens,
            input_audio: usage.input_audio_tokens,
            output: usage.output_tokens,
            reasoning: usage.reasoning_tokens,
            output_audio: usage.output_audio_tokens,
        };
        let calls = (usage.tier == ServiceTier::Batch && record.is_told_later()).then_some(record.batch_calls);
        Some(match (self.own(organization, provider, model), calls) {
            (Some(rates), None) => rates.cost(&used),
            (Some(rates), Some(calls)) => rates.cost_of_batch(&used, calls),
            (None, calls) => {
                let listed = self.list.find(provider, model, usage.tier, self.now())?;
                calls.map_or_else(|| listed.cost(&used), |calls| listed.cost_of_batch(&used, calls))
            }
        })
    }

    /// The most that a call can cost, in nanodollars. Refuses one of which nobody
    /// knows it.
    fn ceiling(
        &self,
        organization: OrganizationId,
        (provider, model): &(Provider, String),
        bounds: &Bounds,
    ) -> Result<i64, CallError> {
        let provider = *provider;
        let window = self.list.context_window(provider, model, self.now());
        let input = bounds.input.or(window);
        let at_most = match (bounds.output, window) {
            (Some(asked), Some(window)) => Some(asked.min(window)),
            (asked, window) => asked.or(window),
        };
        let output = at_most.zip(bounds.answers).map(|(tokens, answers)| tokens.saturating_mul(answers));
        let own = self.own(organization, provider, model);
        let rates = own.or_else(|| self.list.dearest(provider, model, input.unwrap_or(u64::MAX), self.now()));
        let rates = rates.ok_or_else(|| CallError::price_unknown(model))?;
        rates.ceiling(input, output).ok_or_else(|| CallError::cost_unbounded(model))
    }

    /// What a call will cost, in nanodollars: as such calls of the key cost lately,
    /// else by about how many tokens it will use.
    fn estimate(&self, key: &KeyEntry, (provider, model): &(Provider, String), bounds: &Bounds) -> i64 {
        let provider = *provider;
        let name = ModelName::of(provider.as_str(), model);
        if let Some(lately) = self.lately.borrow().get(&(key.id, name)) {
            return *lately;
        }
        let output = bounds.output.unwrap_or(USUAL_OUTPUT).min(USUAL_OUTPUT);
        let used = Metered { input: bounds.text_bytes / 4, output, ..Metered::default() };
        let rates = self.own(key.project.organization, provider, model);
        let rates = rates.or_else(|| {
            let tariff = self.list.find(provider, model, ServiceTier::Unsaid, self.now())?;
            Some(*tariff.rates(used.input))
        });
        rates.map_or(0, |rates| rates.cost(&used))
    }

    /// Remembers what a call cost.
    pub(crate) fn note(&self, key: ApiKeyId, model: ModelName, cost: i64) {
        let mut lately = self.lately.borrow_mut();
        if lately.len() >= MOST_KNOWN {
            lately.clear();
        }
        let known = lately.entry((key, model)).or_insert(cost);
        *known += (cost - *known) / WEIGHT;
    }

    fn own(&self, organization: OrganizationId, provider: Provider, model: &str) -> Option<Rates> {
        self.index.prices(organization)?.find(provider, model, self.clock.now()).copied()
    }

    fn now(&self) -> i64 {
        to_millis(self.clock.now())
    }
}
