//! Editing a model alias.

use keyward_domain::{
    actor::Actor,
    model_alias::{AliasTarget, ModelAlias},
    permission::Permission,
    role::Scope,
};
use keyward_store::{change_log::Subject, model_alias as store};

use super::{ModelAliasPlace, check_credentials, find_in, name_taken};
use crate::{Keyward, Result, change::Event, error::check_version};

/// What changes: `None` leaves a field as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModelAliasPatch {
    /// Another name.
    pub name: Option<String>,
    /// All targets, anew.
    pub targets: Option<Vec<AliasTarget>>,
    /// The version that the caller read.
    pub expected_version: Option<i64>,
}

/// Edits a model alias. An edit that changes nothing leaves no trace.
pub async fn update(
    keyward: &Keyward,
    actor: &Actor,
    place: ModelAliasPlace,
    patch: ModelAliasPatch,
) -> Result<ModelAlias> {
    let mut change = keyward.change(actor, Permission::CredentialsManage, Scope::Project(place.project)).await?;
    let (project, before) = find_in(&mut change.conn(), actor, place).await?;
    check_version(patch.expected_version, before.version)?;
    let mut after = before.clone();
    if let Some(name) = patch.name {
        after.name = name;
    }
    if let Some(targets) = patch.targets {
        after.targets = ModelAlias::check_targets(targets)?;
        check_credentials(&mut change.conn(), &project, &after.targets, &before.targets).await?;
    }
    if after == before {
        return Ok(before);
    }
    after.touch(change.now);
    store::update(&mut change.conn(), &after).await.map_err(name_taken(&after))?;
    change.audit(Event::on("model_alias.updated", after.id, &before, &after).within(&project)).await?;
    change.log(Subject::Project(project.id)).await?;
    change.commit().await?;
    Ok(after)
}
