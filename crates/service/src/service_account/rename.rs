//! Renaming a service account.

use keyward_domain::{Name, actor::Actor, permission::Permission, role::Scope, service_account::ServiceAccount};
use keyward_store::service_account as store;

use super::{ServiceAccountPlace, find_in};
use crate::{Keyward, Result, change::Event};

/// Gives a service account another name. The same one leaves no trace.
pub async fn rename(
    keyward: &Keyward,
    actor: &Actor,
    place: ServiceAccountPlace,
    name: Option<Name>,
) -> Result<ServiceAccount> {
    let mut change = keyward.change(actor, Permission::ServiceAccountsManage, Scope::Project(place.project)).await?;
    let (project, before) = find_in(&mut change.conn(), actor, place).await?;
    let after = ServiceAccount { name: name.unwrap_or_else(|| before.name.clone()), ..before.clone() };
    if after != before {
        store::rename(&mut change.conn(), &after).await?;
        change.audit(Event::on("service_account.updated", after.id, &before, &after).within(&project)).await?;
        change.commit().await?;
    }
    Ok(after)
}
