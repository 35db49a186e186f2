//! Deactivating and activating a project. Twice is not an error.

use keyward_domain::{Timestamp, actor::Actor, id::ProjectId, permission::Permission, project::Project, role::Scope};
use keyward_store::change_log::Subject;
use serde_json::json;

use super::{ProjectDetails, with_counts};
use crate::{
    Error, Keyward, Result,
    api_key::revoke_all_in,
    authorize::authorize,
    change::{Change, Event},
    error::check_version,
};

/// Makes a project inactive: from the next request on every call with its keys
/// is refused. The keys are kept, or revoked for good if `revoke_api_keys`.
pub async fn deactivate(
    keyward: &Keyward,
    actor: &Actor,
    id: ProjectId,
    revoke_api_keys: bool,
    expected_version: Option<i64>,
) -> Result<ProjectDetails> {
    if revoke_api_keys {
        authorize(actor, Permission::ApiKeysRevoke, Scope::Project(id))?;
    }
    let (mut change, before) = open(keyward, actor, id, expected_version).await?;
    let revoked = if revoke_api_keys { revoke_all_in(&mut change, &before).await?.revoked } else { 0 };
    let after = switch(&mut change, &before, "project.archived", Project::deactivate).await?;
    let is_changed = revoked > 0 || after != before;
    finish(change, after, is_changed).await
}

/// Makes a project active again, and its keys with it.
pub async fn activate(
    keyward: &Keyward,
    actor: &Actor,
    id: ProjectId,
    expected_version: Option<i64>,
) -> Result<ProjectDetails> {
    let (mut change, before) = open(keyward, actor, id, expected_version).await?;
    let after = switch(&mut change, &before, "project.activated", Project::activate).await?;
    let is_changed = after != before;
    finish(change, after, is_changed).await
}

async fn open<'a>(
    keyward: &'a Keyward,
    actor: &'a Actor,
    id: ProjectId,
    expected_version: Option<i64>,
) -> Result<(Change<'a>, Project)> {
    let mut change = keyward.change(actor, Permission::ProjectDeactivate, Scope::Project(id)).await?;
    let project = keyward_store::project::find(&mut change.conn(), actor.organization, id)
        .await?
        .ok_or(Error::NotFound("project"))?;
    check_version(expected_version, project.version)?;
    Ok((change, project))
}

async fn switch(
    change: &mut Change<'_>,
    before: &Project,
    event_type: &'static str,
    rule: fn(&mut Project, Timestamp),
) -> Result<Project> {
    let mut after = before.clone();
    rule(&mut after, change.now);
    if after != *before {
        keyward_store::project::update(&mut change.conn(), &after).await?;
        let status = |project: &Project| json!({ "active": project.is_active() });
        change.audit(Event::on(event_type, after.id, &status(before), &status(&after)).within(&after)).await?;
        change.log(Subject::Project(after.id)).await?;
    }
    Ok(after)
}

/// What changed nothing leaves no trace.
async fn finish(mut change: Change<'_>, project: Project, is_changed: bool) -> Result<ProjectDetails> {
    let keyward = change.keyward;
    let details = with_counts(keyward, &mut change.conn(), project).await?;
    if is_changed {
        change.commit().await?;
    }
    Ok(details)
}
