//! Revoking API keys: one, or all of a project. It is final; twice is not an
//! error.

use keyward_domain::{actor::Actor, id::ProjectId, permission::Permission, project::Project, role::Scope};
use keyward_store::change_log::Subject;
use serde_json::json;

use super::{ApiKeyDetails, ApiKeyPlace, details, find_in, find_project};
use crate::{
    Keyward, Result,
    change::{Change, Event},
    error::check_version,
};

/// Takes a key back for good. It stays in the list.
pub async fn revoke(
    keyward: &Keyward,
    actor: &Actor,
    place: ApiKeyPlace,
    expected_version: Option<i64>,
) -> Result<ApiKeyDetails> {
    let mut change = keyward.change(actor, Permission::ApiKeysRevoke, Scope::Project(place.project)).await?;
    let (project, before, usage) = find_in(&mut change.conn(), actor, place).await?;
    check_version(expected_version, before.version)?;
    let mut after = before.clone();
    if !after.revoke(change.now) {
        return details(keyward, &mut change.conn(), before, usage).await;
    }
    keyward_store::api_key::update(&mut change.conn(), &after).await?;
    change.audit(Event::on("api_key.revoked", after.id, &before, &after).within(&project)).await?;
    change.log(Subject::ApiKey(after.id)).await?;
    let details = details(keyward, &mut change.conn(), after, usage).await?;
    change.commit().await?;
    Ok(details)
}

/// What revoking all keys of a project did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevokedAll {
    /// Keys that were revoked now.
    pub revoked: i64,
    /// Keys that had been revoked before.
    pub already_revoked: i64,
}

impl RevokedAll {
    /// Keys of the project, deleted ones left out.
    pub const fn total(self) -> i64 {
        self.revoked + self.already_revoked
    }
}

/// Takes all keys of a project back for good, at once.
pub async fn revoke_all(keyward: &Keyward, actor: &Actor, project: ProjectId) -> Result<RevokedAll> {
    let mut change = keyward.change(actor, Permission::ApiKeysRevoke, Scope::Project(project)).await?;
    let project = find_project(&mut change.conn(), actor, project).await?;
    let done = revoke_all_in(&mut change, &project).await?;
    if done.revoked > 0 {
        change.commit().await?;
    }
    Ok(done)
}

/// The same within a change. Leaves a trace only if there was one to revoke.
pub(crate) async fn revoke_all_in(change: &mut Change<'_>, project: &Project) -> Result<RevokedAll> {
    let now = change.now;
    let (revoked, already_revoked) =
        keyward_store::api_key::revoke_all(&mut change.conn(), project.organization, project.id, now).await?;
    let done = RevokedAll { revoked, already_revoked };
    if revoked > 0 {
        let counts = json!({ "revoked": revoked, "already_revoked": already_revoked, "total": done.total() });
        change.audit(Event::on("api_keys.revoked_all", project.id, &(), &counts).within(project)).await?;
        change.log(Subject::ProjectApiKeys(project.id)).await?;
    }
    Ok(done)
}
