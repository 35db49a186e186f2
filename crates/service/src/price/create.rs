//! Setting a price.

use keyward_domain::{
    Invalid, Timestamp,
    actor::Actor,
    id::PriceId,
    permission::Permission,
    price_override::{MAX_OVERRIDES, OwnPrices, PriceOverride},
    provider::Provider,
    role::Scope,
};
use keyward_store::change_log::Subject;

use super::{stored, taken};
use crate::{Keyward, Result, change::Event, idempotency::Idempotency};

/// What the price will be.
#[derive(Debug, Clone)]
pub struct CreatePrice {
    /// Of which provider's models; `None`: of any's.
    pub provider: Option<Provider>,
    /// The provider's name of the model, or a glob.
    pub model: String,
    /// From when on; `None`: from now on.
    pub effective_from: Option<Timestamp>,
    /// The prices.
    pub prices: OwnPrices,
    /// Guards against creating twice.
    pub idempotency: Option<Idempotency>,
}

/// Sets a price; calls have it from the next one on, or from its moment on.
pub async fn create(keyward: &Keyward, actor: &Actor, command: CreatePrice) -> Result<PriceOverride> {
    let mut change = keyward.change(actor, Permission::PricesManage, Scope::Organization).await?;
    let (organization, now) = (change.actor.organization, change.now);
    let id = keyward.new_id(PriceId::generate);
    change.once(command.idempotency.as_ref(), id).await?;
    if keyward_store::price::of_organization(&mut change.conn(), organization).await?.len() >= MAX_OVERRIDES {
        let message = format!("There are {MAX_OVERRIDES} prices already, and no more are possible. Delete some first.");
        return Err(Invalid::new("model", message).into());
    }
    let price = PriceOverride {
        id,
        organization,
        provider: command.provider,
        model: command.model,
        effective_from: stored(command.effective_from.unwrap_or(now)),
        prices: command.prices,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    keyward_store::price::insert(&mut change.conn(), &price).await.map_err(taken(&price))?;
    change.audit(Event::on("price.created", id, &(), &price.audited())).await?;
    change.log(Subject::OrganizationPrices(organization)).await?;
    change.commit().await?;
    Ok(price)
}
