//! Looking identity providers up. Secrets stay where they are.

use keyward_domain::{
    actor::Actor,
    id::SsoProviderId,
    page::{Listed, Page},
    permission::Permission,
    role::Scope,
    sso::SsoProvider,
};
use keyward_store::sso_provider as store;

use super::NOUN;
use crate::{Error, Keyward, Result, authorize::authorize};

/// One page of the organization's providers.
pub async fn list(keyward: &Keyward, actor: &Actor, page: Page<SsoProviderId>) -> Result<Listed<SsoProvider>> {
    authorize(actor, Permission::SsoManage, Scope::Organization)?;
    let mut connection = keyward.read().await?;
    Ok(store::list(&mut connection.conn(), actor.organization, &page).await??)
}

/// One provider of the organization.
pub async fn find(keyward: &Keyward, actor: &Actor, id: SsoProviderId) -> Result<SsoProvider> {
    authorize(actor, Permission::SsoManage, Scope::Organization)?;
    let mut connection = keyward.read().await?;
    store::find(&mut connection.conn(), actor.organization, id).await?.ok_or(Error::NotFound(NOUN))
}
