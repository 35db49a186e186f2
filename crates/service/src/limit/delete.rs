//! Deleting a limit.

use keyward_domain::{actor::Actor, permission::Permission, role::Scope};
use keyward_store::{change_log::Subject, project_limit as store};

use super::{LimitPlace, find_in};
use crate::{Keyward, Result, change::Event};

/// Forgets a limit; calls aren't held to it from the next one on.
pub async fn delete(keyward: &Keyward, actor: &Actor, place: LimitPlace) -> Result<()> {
    let mut change = keyward.change(actor, Permission::LimitsManage, Scope::Project(place.project)).await?;
    let (project, limit) = find_in(&mut change.conn(), actor, place).await?;
    store::delete(&mut change.conn(), project.organization, limit.id).await?;
    change.audit(Event::on("rate_limit.deleted", limit.id, &limit, &()).within(&project)).await?;
    change.log(Subject::Project(project.id)).await?;
    change.commit().await
}
