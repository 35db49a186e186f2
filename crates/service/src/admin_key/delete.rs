//! Deleting an admin key: from the next request on it opens nothing.

use keyward_domain::{actor::Actor, id::AdminKeyId, permission::Permission, role::Scope};
use keyward_store::{
    access, admin_key as store,
    change_log::Subject,
    role_assignment::{self, Principal},
};

use crate::{Error, Keyward, Result, authorize::check_reach, change::Event};

/// Deletes an admin key, unless it may do more than the actor. Owners can come
/// in without one: they sign in.
pub async fn delete(keyward: &Keyward, actor: &Actor, id: AdminKeyId) -> Result<()> {
    let mut change = keyward.change(actor, Permission::AdminKeysManage, Scope::Organization).await?;
    let organization = actor.organization;
    let found = store::find(&mut change.conn(), organization, id).await?.ok_or(Error::NotFound("admin key"))?;
    let key = access::of_admin_key(&mut change.conn(), organization, id, found.key.owner).await?;
    check_reach(&change.actor, &key.unwrap_or_default())?;
    role_assignment::delete_of(&mut change.conn(), organization, Principal::AdminKey(id), None).await?;
    store::delete(&mut change.conn(), organization, id).await?;
    change.audit(Event::on("admin_api_key.deleted", id, &found.key, &())).await?;
    change.log(Subject::AdminKey(id)).await?;
    change.commit().await
}
