//! The fields of a price's form.

use keyward_domain::{
    Invalid, Timestamp,
    price_override::{OwnPrices, PriceDraft, PriceOverride, parse_model},
    provider::Provider,
};
use keyward_service::price::{CreatePrice, UpdatePrice};

use crate::{form::Form, pages::projects::providers};

/// The form's names for the API's parameters.
pub const FIELDS: &[(&str, &str)] = &[
    ("model", "model"),
    ("provider", "provider"),
    ("effective_from", "effective_from"),
    ("input_per_million", "input"),
    ("output_per_million", "output"),
    ("cache_read_per_million", "cache_read"),
    ("cache_write_per_million", "cache_write"),
    ("per_request", "request"),
];

/// What can be chosen of providers.
pub fn choices() -> Vec<(&'static str, &'static str)> {
    [("", "Any provider")].into_iter().chain(providers()).collect()
}

/// A new price as it was typed.
pub fn new(form: &Form) -> Result<CreatePrice, Invalid> {
    Ok(CreatePrice {
        provider: provider(form)?,
        model: parse_model(form.text("model"))?,
        effective_from: moment(form)?,
        prices: OwnPrices::parse(&draft(form))?,
        idempotency: None,
    })
}

/// What is to change about one.
pub fn update(form: &Form) -> Result<UpdatePrice, Invalid> {
    let draft = draft(form);
    Ok(UpdatePrice {
        provider: Some(provider(form)?),
        model: Some(parse_model(form.text("model"))?),
        effective_from: moment(form)?,
        input: Some(draft.input),
        output: Some(draft.output),
        cache_read: Some(draft.cache_read),
        cache_write: Some(draft.cache_write),
        request: Some(draft.request),
        expected_version: form.version(),
    })
}

/// A form that shows one as it is.
pub fn filled(price: &PriceOverride) -> Form {
    let written = price.prices.written();
    Form::filled([
        ("model", price.model.clone()),
        ("provider", price.provider.map(Provider::as_str).unwrap_or_default().to_owned()),
        ("effective_from", price.effective_from.to_string()),
        ("input", written.input),
        ("output", written.output),
        ("cache_read", written.cache_read.unwrap_or_default()),
        ("cache_write", written.cache_write.unwrap_or_default()),
        ("request", written.request.unwrap_or_default()),
        ("version", price.version.to_string()),
    ])
}

fn draft(form: &Form) -> PriceDraft {
    let some = |name: &str| form.optional(name).map(str::to_owned);
    PriceDraft {
        input: form.text("input").to_owned(),
        output: form.text("output").to_owned(),
        cache_read: some("cache_read"),
        cache_write: some("cache_write"),
        request: some("request"),
    }
}

fn provider(form: &Form) -> Result<Option<Provider>, Invalid> {
    let wrong = || Invalid::new("provider", "Choose one of the providers, or any.");
    form.optional("provider").map(|name| Provider::parse(name).ok_or_else(wrong)).transpose()
}

/// A day means its first moment.
fn moment(form: &Form) -> Result<Option<Timestamp>, Invalid> {
    let Some(text) = form.optional("effective_from") else { return Ok(None) };
    let is_day = text.len() == 10;
    let read = if is_day { format!("{text}T00:00:00Z").parse() } else { text.parse() };
    let message = "Give a day such as 2027-01-31, or a time such as 2027-01-31T12:00:00Z.";
    read.map(Some).map_err(|_| Invalid::new("effective_from", message))
}
