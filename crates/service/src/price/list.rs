//! Looking prices up. Whoever may read the organization's usage sees them.

use keyward_domain::{
    actor::Actor,
    id::PriceId,
    page::{Listed, Page},
    permission::Permission,
    price_override::PriceOverride,
    role::Scope,
};

use crate::{Error, Keyward, Result, authorize::authorize};

/// One page of the organization's prices.
pub async fn list(keyward: &Keyward, actor: &Actor, page: Page<PriceId>) -> Result<Listed<PriceOverride>> {
    authorize(actor, Permission::UsageRead, Scope::Organization)?;
    let mut connection = keyward.read().await?;
    Ok(keyward_store::price::list(&mut connection.conn(), actor.organization, &page).await??)
}

/// One of them.
pub async fn find(keyward: &Keyward, actor: &Actor, id: PriceId) -> Result<PriceOverride> {
    authorize(actor, Permission::UsageRead, Scope::Organization)?;
    let mut connection = keyward.read().await?;
    let found = keyward_store::price::find(&mut connection.conn(), actor.organization, id).await?;
    found.ok_or(Error::NotFound("price"))
}
