//! Editing a project.

use keyward_domain::{Name, actor::Actor, id::ProjectId, model::ModelPermissions, permission::Permission, role::Scope};
use keyward_store::change_log::Subject;

use super::{ProjectDetails, name_taken, with_counts};
use crate::{Error, Keyward, Result, change::Event, error::check_version};

/// What changes: `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct UpdateProject {
    /// A new name.
    pub name: Option<Name>,
    /// A new description.
    pub description: Option<String>,
    /// A new list of models, or none.
    pub model_permissions: Option<Option<ModelPermissions>>,
    /// The version that the caller read.
    pub expected_version: Option<i64>,
}

/// Edits a project, also an inactive one. An edit that changes nothing leaves
/// no trace.
pub async fn update(keyward: &Keyward, actor: &Actor, id: ProjectId, command: UpdateProject) -> Result<ProjectDetails> {
    let mut change = keyward.change(actor, Permission::ProjectUpdate, Scope::Project(id)).await?;
    let before = keyward_store::project::find(&mut change.conn(), actor.organization, id)
        .await?
        .ok_or(Error::NotFound("project"))?;
    check_version(command.expected_version, before.version)?;
    let mut after = before.clone();
    if let Some(name) = command.name {
        after.name = name;
    }
    if let Some(description) = command.description {
        after.description = description;
    }
    if let Some(permissions) = command.model_permissions {
        after.model_permissions = permissions;
    }
    if after == before {
        return with_counts(keyward, &mut change.conn(), before).await;
    }
    after.touch(change.now);
    keyward_store::project::update(&mut change.conn(), &after).await.map_err(name_taken(&after.name))?;
    change.audit(Event::on("project.updated", id, &before, &after).within(&after)).await?;
    change.log(Subject::Project(id)).await?;
    let details = with_counts(keyward, &mut change.conn(), after).await?;
    change.commit().await?;
    Ok(details)
}
