//! Deleting a price.

use keyward_domain::{actor::Actor, id::PriceId, permission::Permission, role::Scope};
use keyward_store::change_log::Subject;

use crate::{Error, Keyward, Result, change::Event};

/// Deletes a price: from the next call on, less telling ones or the provider's
/// own list hold.
pub async fn delete(keyward: &Keyward, actor: &Actor, id: PriceId) -> Result<()> {
    let mut change = keyward.change(actor, Permission::PricesManage, Scope::Organization).await?;
    let organization = change.actor.organization;
    let found = keyward_store::price::find(&mut change.conn(), organization, id).await?;
    let price = found.ok_or(Error::NotFound("price"))?;
    keyward_store::price::delete(&mut change.conn(), organization, id).await?;
    change.audit(Event::on("price.deleted", id, &price.audited(), &())).await?;
    change.log(Subject::OrganizationPrices(organization)).await?;
    change.commit().await
}
