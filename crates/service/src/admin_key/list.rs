//! Looking admin keys up.

use keyward_domain::{
    actor::Actor,
    id::AdminKeyId,
    page::{Listed, Page},
    permission::Permission,
};
use keyward_store::admin_key as store;

use super::AdminKeyDetails;
use crate::{Error, Keyward, Result};

/// One page of the organization's admin keys.
pub async fn list(keyward: &Keyward, actor: &Actor, page: Page<AdminKeyId>) -> Result<Listed<AdminKeyDetails>> {
    actor.require(Permission::AdminKeysRead)?;
    let mut connection = keyward.read().await?;
    Ok(store::list(&mut connection.conn(), actor.organization, &page).await??)
}

/// One admin key of the organization.
pub async fn find(keyward: &Keyward, actor: &Actor, id: AdminKeyId) -> Result<AdminKeyDetails> {
    actor.require(Permission::AdminKeysRead)?;
    let mut connection = keyward.read().await?;
    store::find(&mut connection.conn(), actor.organization, id).await?.ok_or(Error::NotFound("admin key"))
}
