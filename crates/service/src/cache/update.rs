//! Deciding about a project's cache.

use keyward_domain::{
    actor::Actor,
    cache::{CachePatch, ProjectCache},
    id::ProjectId,
    permission::Permission,
    role::Scope,
};
use keyward_store::{change_log::Subject, project_cache as store};

use super::find::find_in;
use crate::{Keyward, Result, change::Event, error::check_version};

/// What changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UpdateCache {
    /// The edit.
    pub patch: CachePatch,
    /// The version that the caller read.
    pub expected_version: Option<i64>,
}

/// Decides about a project's cache; calls follow from the next one on. What is
/// kept already keeps the time that it was kept for. Switching the cache off
/// empties it. What changes nothing leaves no trace.
pub async fn update(
    keyward: &Keyward,
    actor: &Actor,
    project: ProjectId,
    command: UpdateCache,
) -> Result<ProjectCache> {
    let mut change = keyward.change(actor, Permission::ProjectUpdate, Scope::Project(project)).await?;
    let (project, before) = find_in(&mut change.conn(), actor.organization, project).await?;
    check_version(command.expected_version, before.version)?;
    let after = before.edited(command.patch);
    if after == before {
        return Ok(before);
    }
    store::put(&mut change.conn(), (project.organization, project.id), &after).await?;
    change.audit(Event::on("cache.updated", project.id, &before, &after).within(&project)).await?;
    change.log(Subject::Project(project.id)).await?;
    change.commit().await?;
    Ok(after)
}
