//! Deleting a model alias.

use keyward_domain::{actor::Actor, permission::Permission, role::Scope};
use keyward_store::{change_log::Subject, model_alias as store};

use super::{ModelAliasPlace, find_in};
use crate::{Keyward, Result, change::Event};

/// Forgets a model alias; from the next call on its name is a model's like any.
pub async fn delete(keyward: &Keyward, actor: &Actor, place: ModelAliasPlace) -> Result<()> {
    let mut change = keyward.change(actor, Permission::CredentialsManage, Scope::Project(place.project)).await?;
    let (project, alias) = find_in(&mut change.conn(), actor, place).await?;
    store::delete(&mut change.conn(), project.organization, alias.id).await?;
    change.audit(Event::on("model_alias.deleted", alias.id, &alias, &()).within(&project)).await?;
    change.log(Subject::Project(project.id)).await?;
    change.commit().await
}
