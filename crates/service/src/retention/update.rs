//! Deciding how long data is kept.

use keyward_domain::{actor::Actor, permission::Permission, retention::RetentionSettings, role::Scope};
use keyward_store::retention as store;

use super::find::{Retention, read};
use crate::{Keyward, Result, change::Event, error::check_version};

/// What changes: a class that isn't named stays as it is.
#[derive(Debug, Clone, Default)]
pub struct UpdateRetention {
    /// The decision.
    pub settings: RetentionSettings,
    /// The version that the caller read.
    pub expected_version: Option<i64>,
}

/// Decides how long the actor's organization keeps its data; the next run
/// carries it out. What changes nothing leaves no trace.
pub async fn update(keyward: &Keyward, actor: &Actor, command: UpdateRetention) -> Result<Retention> {
    let mut change = keyward.change(actor, Permission::RetentionManage, Scope::Organization).await?;
    let organization = actor.organization;
    let (before, version) = store::settings(&mut change.conn(), organization).await?;
    check_version(command.expected_version, version)?;
    let after = before.clone().with(&command.settings);
    if after.state() == before.state() {
        return read(&mut change.conn(), organization).await;
    }
    for (class, keep) in command.settings.decided().filter(|(class, keep)| before.keep(*class) != *keep) {
        store::put(&mut change.conn(), organization, class, keep, version + 1).await?;
    }
    change.audit(Event::on("retention.updated", organization, &before.state(), &after.state())).await?;
    let retention = read(&mut change.conn(), organization).await?;
    change.commit().await?;
    Ok(retention)
}
