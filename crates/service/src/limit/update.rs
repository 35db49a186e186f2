//! Editing a limit.

use keyward_domain::{
    actor::Actor,
    limit::{LimitsPatch, ProjectLimit},
    permission::Permission,
    role::Scope,
};
use keyward_store::{change_log::Subject, project_limit as store};

use super::{LimitPlace, find_in, model_taken};
use crate::{Error, Keyward, Result, change::Event, error::check_version};

/// What changes: `None` leaves a field as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LimitPatch {
    /// Other models, or all.
    pub model: Option<Option<String>>,
    /// Other numbers; one has to stay.
    pub limits: LimitsPatch,
    /// Only a limit that is for some models is meant: another one isn't found.
    pub of_models: bool,
    /// The version that the caller read.
    pub expected_version: Option<i64>,
}

/// Edits a limit. What it has counted stays counted. An edit that changes
/// nothing leaves no trace.
pub async fn update(keyward: &Keyward, actor: &Actor, place: LimitPlace, patch: LimitPatch) -> Result<ProjectLimit> {
    let mut change = keyward.change(actor, Permission::LimitsManage, Scope::Project(place.project)).await?;
    let (project, before) = find_in(&mut change.conn(), actor, place).await?;
    if patch.of_models && before.model.is_none() {
        return Err(Error::NotFound("limit"));
    }
    check_version(patch.expected_version, before.version)?;
    let limits = patch.limits.apply(before.limits);
    let model = patch.model.unwrap_or_else(|| before.model.clone());
    let mut after = ProjectLimit { model, limits: ProjectLimit::check(limits)?, ..before.clone() };
    if after == before {
        return Ok(before);
    }
    after.touch(change.now);
    store::update(&mut change.conn(), &after).await.map_err(model_taken(&after))?;
    change.audit(Event::on("rate_limit.updated", after.id, &before, &after).within(&project)).await?;
    change.log(Subject::Project(project.id)).await?;
    change.commit().await?;
    Ok(after)
}
