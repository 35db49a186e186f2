//! Changing a price.

use keyward_domain::{
    Timestamp,
    actor::Actor,
    id::PriceId,
    permission::Permission,
    price_override::{OwnPrices, PriceDraft, PriceOverride},
    provider::Provider,
    role::Scope,
};
use keyward_store::change_log::Subject;

use super::{stored, taken};
use crate::{Error, Keyward, Result, change::Event, error::check_version};

/// What changes: `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct UpdatePrice {
    /// Of another provider's models, or of any's.
    pub provider: Option<Option<Provider>>,
    /// Of another model, or a glob.
    pub model: Option<String>,
    /// From another moment on.
    pub effective_from: Option<Timestamp>,
    /// For a million tokens of input.
    pub input: Option<String>,
    /// For a million tokens of output.
    pub output: Option<String>,
    /// For a million tokens read from a cache, or as other input.
    pub cache_read: Option<Option<String>>,
    /// For a million tokens written to a cache, or as other input.
    pub cache_write: Option<Option<String>>,
    /// For each call, or nothing.
    pub request: Option<Option<String>>,
    /// The version that the caller read.
    pub expected_version: Option<i64>,
}

/// Changes a price; calls have it from the next one on. A change of nothing
/// leaves no trace.
pub async fn update(keyward: &Keyward, actor: &Actor, id: PriceId, command: UpdatePrice) -> Result<PriceOverride> {
    let mut change = keyward.change(actor, Permission::PricesManage, Scope::Organization).await?;
    let organization = change.actor.organization;
    let found = keyward_store::price::find(&mut change.conn(), organization, id).await?;
    let before = found.ok_or(Error::NotFound("price"))?;
    check_version(command.expected_version, before.version)?;
    let written = before.prices.written();
    let draft = PriceDraft {
        input: command.input.unwrap_or(written.input),
        output: command.output.unwrap_or(written.output),
        cache_read: command.cache_read.unwrap_or(written.cache_read),
        cache_write: command.cache_write.unwrap_or(written.cache_write),
        request: command.request.unwrap_or(written.request),
    };
    let mut price = PriceOverride {
        provider: command.provider.unwrap_or(before.provider),
        model: command.model.unwrap_or_else(|| before.model.clone()),
        effective_from: command.effective_from.map_or(before.effective_from, stored),
        prices: OwnPrices::parse(&draft)?,
        ..before.clone()
    };
    if price == before {
        return Ok(before);
    }
    price.updated_at = change.now;
    price.version += 1;
    keyward_store::price::update(&mut change.conn(), &price).await.map_err(taken(&price))?;
    change.audit(Event::on("price.updated", id, &before.audited(), &price.audited())).await?;
    change.log(Subject::OrganizationPrices(organization)).await?;
    change.commit().await?;
    Ok(price)
}
