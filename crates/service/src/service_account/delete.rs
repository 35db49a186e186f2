//! Deleting a service account: its keys are revoked with it.

use keyward_domain::{actor::Actor, clock::to_millis, permission::Permission, role::Scope};
use keyward_store::{api_key, change_log::Subject, service_account as store};
use serde_json::json;

use super::{ServiceAccountPlace, find_in};
use crate::{Keyward, Result, change::Event};

/// Deletes a service account and revokes its keys for good. Answers how many
/// keys that were.
pub async fn delete(keyward: &Keyward, actor: &Actor, place: ServiceAccountPlace) -> Result<u64> {
    let mut change = keyward.change(actor, Permission::ServiceAccountsManage, Scope::Project(place.project)).await?;
    let (project, account) = find_in(&mut change.conn(), actor, place).await?;
    let now = change.now;
    let revoked = api_key::revoke_of_service_account(&mut change.conn(), project.organization, account.id, now).await?;
    store::delete(&mut change.conn(), project.organization, account.id, to_millis(now)).await?;
    let after = json!({ "revoked_api_keys": revoked });
    change.audit(Event::on("service_account.deleted", account.id, &account, &after).within(&project)).await?;
    if revoked > 0 {
        change.log(Subject::ProjectApiKeys(project.id)).await?;
    }
    change.commit().await?;
    Ok(revoked)
}
