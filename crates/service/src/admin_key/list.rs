//! Looking admin keys up.

use keyward_domain::{
    actor::Actor,
    clock::from_millis,
    id::AdminKeyId,
    page::{Listed, Page},
    permission::Permission,
    role::Scope,
};
use keyward_store::{
    Conn, access, admin_key as store,
    role_assignment::{self, Principal},
};

use super::{AdminKeyDetails, DescribedAdminKey};
use crate::{Error, Keyward, Result, authorize::authorize, role::find_anywhere};

/// One page of the organization's admin keys.
pub async fn list(keyward: &Keyward, actor: &Actor, page: Page<AdminKeyId>) -> Result<Listed<DescribedAdminKey>> {
    authorize(actor, Permission::AdminKeysRead, Scope::Organization)?;
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    let listed = store::list(conn, actor.organization, &page).await??;
    let mut data = Vec::with_capacity(listed.data.len());
    for details in listed.data {
        data.push(described(keyward, conn, details).await?);
    }
    Ok(Listed { data, has_more: listed.has_more })
}

/// One admin key of the organization.
pub async fn find(keyward: &Keyward, actor: &Actor, id: AdminKeyId) -> Result<DescribedAdminKey> {
    authorize(actor, Permission::AdminKeysRead, Scope::Organization)?;
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    let found = store::find(conn, actor.organization, id).await?.ok_or(Error::NotFound("admin key"))?;
    described(keyward, conn, found).await
}

async fn described(keyward: &Keyward, conn: &mut Conn<'_>, mut details: AdminKeyDetails) -> Result<DescribedAdminKey> {
    // A use that this node noted may not be written yet.
    let noted = keyward.admin_key_uses.last(details.key.id).map(from_millis);
    details.last_used_at = details.last_used_at.max(noted);
    let (organization, id) = (details.key.organization, details.key.id);
    let mut roles = Vec::new();
    for held in role_assignment::of_principal(conn, organization, Principal::AdminKey(id)).await? {
        roles.extend(find_anywhere(conn, organization, held.role).await?.map(|role| (role, held.scope)));
    }
    let access = access::of_member(conn, organization, details.owner.id).await?;
    Ok(DescribedAdminKey { details, roles, owner_is_owner: access.is_owner() })
}
