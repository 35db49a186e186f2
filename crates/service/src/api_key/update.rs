//! Editing an API key, switching it off and on.

use keyward_domain::{actor::Actor, api_key::KeyPatch, permission::Permission, role::Scope};
use keyward_store::change_log::Subject;

use super::{ApiKeyDetails, ApiKeyPlace, check_name, check_scopes, details, find_in};
use crate::{Keyward, Result, budget, change::Event, error::check_version};

/// What changes.
#[derive(Debug, Clone)]
pub struct UpdateApiKey {
    /// Which key.
    pub place: ApiKeyPlace,
    /// What changes about it.
    pub patch: KeyPatch,
    /// The version that the caller read.
    pub expected_version: Option<i64>,
}

/// Edits a key. An edit that changes nothing leaves no trace.
pub async fn update(keyward: &Keyward, actor: &Actor, command: UpdateApiKey) -> Result<ApiKeyDetails> {
    if command.patch.access.budget.is_some() {
        // A budget begins with what was spent until now.
        keyward.settle_for_reader().await;
    }
    let mut change = keyward.change(actor, Permission::ApiKeysUpdate, Scope::Project(command.place.project)).await?;
    let (project, before, usage) = find_in(&mut change.conn(), actor, command.place).await?;
    check_version(command.expected_version, before.version)?;
    let mut after = before.clone();
    if !after.edit(command.patch, change.now)? {
        return details(keyward, &mut change.conn(), before, usage).await;
    }
    if after.access.scopes != before.access.scopes {
        check_scopes(&change.actor, project.id, &after.access)?;
    }
    if after.name != before.name && after.is_live(change.now) {
        check_name(&mut change, &after).await?;
    }
    keyward_store::api_key::update(&mut change.conn(), &after).await?;
    if after.access.budget != before.access.budget {
        budget::follow_key(&mut change, &after).await?;
    }
    change.audit(Event::on("api_key.updated", after.id, &before, &after).within(&project)).await?;
    change.log(Subject::ApiKey(after.id)).await?;
    let details = details(keyward, &mut change.conn(), after, usage).await?;
    change.commit().await?;
    Ok(details)
}
