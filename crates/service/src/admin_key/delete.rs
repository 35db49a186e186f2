//! Deleting an admin key: from the next request on it opens nothing.

use keyward_domain::{actor::Actor, clock::to_millis, id::AdminKeyId, permission::Permission, role::Scope};
use keyward_store::{admin_key as store, change_log::Subject};

use crate::{Error, Keyward, Result, change::Event};

/// Deletes an admin key. The last one that opens the organization stays:
/// without it nobody could come in to make another.
pub async fn delete(keyward: &Keyward, actor: &Actor, id: AdminKeyId) -> Result<()> {
    let mut change = keyward.change(actor, Permission::AdminKeysManage, Scope::Organization).await?;
    let organization = actor.organization;
    let found = store::find(&mut change.conn(), organization, id).await?.ok_or(Error::NotFound("admin key"))?;
    let now = change.now;
    if found.key.is_usable(now)
        && store::usable_besides(&mut change.conn(), organization, id, to_millis(now)).await? == 0
    {
        return Err(Error::Conflict {
            code: "last_admin_key",
            param: None,
            message: "This is the last admin key of the organization: without it nobody could come in. Create another one first.".into(),
        });
    }
    store::delete(&mut change.conn(), organization, id).await?;
    change.audit(Event::on("admin_api_key.deleted", id, &found.key, &())).await?;
    change.log(Subject::AdminKey(id)).await?;
    change.commit().await
}
