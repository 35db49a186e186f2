//! Emptying a project's cache.

use keyward_domain::{actor::Actor, cache::ProjectCache, id::ProjectId, permission::Permission, role::Scope};
use keyward_store::{change_log::Subject, project_cache as store};

use super::find::find_in;
use crate::{Keyward, Result, change::Event};

/// Empties a project's cache, on all nodes: nothing that was kept before is
/// given to anybody from now on.
pub async fn purge(keyward: &Keyward, actor: &Actor, project: ProjectId) -> Result<ProjectCache> {
    let mut change = keyward.change(actor, Permission::ProjectUpdate, Scope::Project(project)).await?;
    let (project, before) = find_in(&mut change.conn(), actor.organization, project).await?;
    let after = before.emptied();
    store::put(&mut change.conn(), (project.organization, project.id), &after).await?;
    change.audit(Event::on("cache.purged", project.id, &(), &()).within(&project)).await?;
    change.log(Subject::Project(project.id)).await?;
    change.commit().await?;
    Ok(after)
}
