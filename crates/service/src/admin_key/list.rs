//! Looking admin keys up.

use keyward_domain::{
    actor::Actor,
    clock::from_millis,
    id::AdminKeyId,
    page::{Listed, Page},
    permission::Permission,
    role::Scope,
};
use keyward_store::admin_key as store;

use super::AdminKeyDetails;
use crate::{Error, Keyward, Result, authorize::authorize};

/// One page of the organization's admin keys.
pub async fn list(keyward: &Keyward, actor: &Actor, page: Page<AdminKeyId>) -> Result<Listed<AdminKeyDetails>> {
    authorize(actor, Permission::AdminKeysRead, Scope::Organization)?;
    let mut connection = keyward.read().await?;
    let mut listed = store::list(&mut connection.conn(), actor.organization, &page).await??;
    listed.data.iter_mut().for_each(|details| add_noted_use(keyward, details));
    Ok(listed)
}

/// One admin key of the organization.
pub async fn find(keyward: &Keyward, actor: &Actor, id: AdminKeyId) -> Result<AdminKeyDetails> {
    authorize(actor, Permission::AdminKeysRead, Scope::Organization)?;
    let mut connection = keyward.read().await?;
    let found = store::find(&mut connection.conn(), actor.organization, id).await?;
    let mut details = found.ok_or(Error::NotFound("admin key"))?;
    add_noted_use(keyward, &mut details);
    Ok(details)
}

/// A use that this node noted may not be written yet.
fn add_noted_use(keyward: &Keyward, details: &mut AdminKeyDetails) {
    let noted = keyward.admin_key_uses.last(details.key.id).map(from_millis);
    details.last_used_at = details.last_used_at.max(noted);
}
