//! Looking groups up.

use keyward_domain::{
    actor::Actor,
    group::Group,
    id::GroupId,
    page::{Listed, Page},
    permission::Permission,
    role::Scope,
};
use keyward_store::group as store;

use super::find_in;
use crate::{Keyward, Result, authorize::authorize};

/// One page of the organization's groups.
pub async fn list(keyward: &Keyward, actor: &Actor, page: Page<GroupId>) -> Result<Listed<Group>> {
    authorize(actor, Permission::GroupsRead, Scope::Organization)?;
    let mut connection = keyward.read().await?;
    Ok(store::list(&mut connection.conn(), actor.organization, &page).await??)
}

/// One group of the organization.
pub async fn find(keyward: &Keyward, actor: &Actor, id: GroupId) -> Result<Group> {
    authorize(actor, Permission::GroupsRead, Scope::Organization)?;
    let mut connection = keyward.read().await?;
    find_in(&mut connection.conn(), actor.organization, id).await
}
