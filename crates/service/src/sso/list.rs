//! Looking identity providers up. Secrets stay where they are.

use keyward_domain::{
    Name,
    actor::Actor,
    id::{OrganizationId, SsoProviderId},
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

/// What the page on which everybody signs in offers: the enabled providers of
/// that organization; if none is named, of the only one that there is. Where
/// several share an installation, none learns of another's.
pub async fn on_sign_in_page(
    keyward: &Keyward,
    organization: Option<OrganizationId>,
) -> Result<Vec<(SsoProviderId, Name)>> {
    let mut connection = keyward.read().await?;
    Ok(store::on_sign_in_page(&mut connection.conn(), organization).await?)
}
