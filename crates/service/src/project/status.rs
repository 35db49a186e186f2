//! Deactivating and activating a project. Twice is not an error.

use keyward_domain::{Timestamp, actor::Actor, id::ProjectId, permission::Permission, project::Project};
use keyward_store::change_log::Subject;
use serde_json::json;

use super::{ProjectDetails, with_counts};
use crate::{Error, Keyward, Result, change::Event, error::check_version};

/// Makes a project inactive: from the next request on every call with its keys
/// is refused. The keys are kept.
pub async fn deactivate(
    keyward: &Keyward,
    actor: &Actor,
    id: ProjectId,
    expected_version: Option<i64>,
) -> Result<ProjectDetails> {
    switch(keyward, actor, id, expected_version, "project.archived", Project::deactivate).await
}

/// Makes a project active again, and its keys with it.
pub async fn activate(
    keyward: &Keyward,
    actor: &Actor,
    id: ProjectId,
    expected_version: Option<i64>,
) -> Result<ProjectDetails> {
    switch(keyward, actor, id, expected_version, "project.activated", Project::activate).await
}

async fn switch(
    keyward: &Keyward,
    actor: &Actor,
    id: ProjectId,
    expected_version: Option<i64>,
    event_type: &'static str,
    rule: fn(&mut Project, Timestamp),
) -> Result<ProjectDetails> {
    let mut change = keyward.change(actor, Permission::ProjectDeactivate).await?;
    let before = keyward_store::project::find(&mut change.conn(), actor.organization, id)
        .await?
        .ok_or(Error::NotFound("project"))?;
    check_version(expected_version, before.version)?;
    let mut after = before.clone();
    rule(&mut after, change.now);
    let details = with_counts(keyward, &mut change.conn(), after.clone()).await?;
    if after == before {
        return Ok(details);
    }
    keyward_store::project::update(&mut change.conn(), &after).await?;
    let status = |project: &Project| json!({ "active": project.is_active() });
    change.audit(Event::on(event_type, id, &status(&before), &status(&after)).within(&after)).await?;
    change.log(Subject::Project(id)).await?;
    change.commit().await?;
    Ok(details)
}
