//! Deleting an API key.

use keyward_domain::{actor::Actor, permission::Permission, role::Scope};
use keyward_store::change_log::Subject;

use super::{ApiKeyPlace, find_in};
use crate::{Keyward, Result, budget, change::Event, error::check_version};

/// Takes a key out of every list; its calls are refused like those of a key
/// that never was. Audit log and usage keep its id and name.
pub async fn delete(keyward: &Keyward, actor: &Actor, place: ApiKeyPlace, expected_version: Option<i64>) -> Result<()> {
    let mut change = keyward.change(actor, Permission::ApiKeysDelete, Scope::Project(place.project)).await?;
    let (project, key, _) = find_in(&mut change.conn(), actor, place).await?;
    check_version(expected_version, key.version)?;
    let now = change.now;
    budget::forget_key(&mut change, &key).await?;
    keyward_store::api_key::delete(&mut change.conn(), actor.organization, key.id, now).await?;
    change.audit(Event::on("api_key.deleted", key.id, &key, &()).within(&project)).await?;
    change.log(Subject::ApiKey(key.id)).await?;
    change.commit().await
}
