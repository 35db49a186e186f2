//! Creating a model alias.

use keyward_domain::{
    actor::Actor,
    id::{ModelAliasId, ProjectId},
    model_alias::{AliasTarget, MAX_ALIASES_PER_PROJECT, ModelAlias},
    permission::Permission,
    role::Scope,
};
use keyward_store::{change_log::Subject, model_alias as store};

use super::{check_credentials, find_project, name_taken};
use crate::{Error, Keyward, Result, change::Event, idempotency::Idempotency};

/// What the alias will be.
#[derive(Debug, Clone)]
pub struct CreateModelAlias {
    /// Whose calls it is for.
    pub project: ProjectId,
    /// What calls name.
    pub name: String,
    /// What it stands for.
    pub targets: Vec<AliasTarget>,
    /// Guards against creating twice.
    pub idempotency: Option<Idempotency>,
}

/// Makes a model alias; calls find it from the next one on.
pub async fn create(keyward: &Keyward, actor: &Actor, command: CreateModelAlias) -> Result<ModelAlias> {
    let mut change = keyward.change(actor, Permission::CredentialsManage, Scope::Project(command.project)).await?;
    let project = find_project(&mut change.conn(), actor, command.project).await?;
    let alias = ModelAlias {
        id: keyward.new_id(ModelAliasId::generate),
        organization: project.organization,
        project: project.id,
        name: command.name,
        targets: ModelAlias::check_targets(command.targets)?,
        created_at: change.now,
        updated_at: change.now,
        version: 1,
    };
    change.once(command.idempotency.as_ref(), alias.id).await?;
    check_credentials(&mut change.conn(), &project, &alias.targets, &[]).await?;
    let count = store::count(&mut change.conn(), (project.organization, project.id)).await?;
    if usize::try_from(count).is_ok_and(|count| count >= MAX_ALIASES_PER_PROJECT) {
        let message = format!("This project has {count} model aliases, which is the most. Delete one that isn't used.");
        return Err(Error::Conflict { code: "too_many_model_aliases", param: None, message });
    }
    store::insert(&mut change.conn(), &alias).await.map_err(name_taken(&alias))?;
    change.audit(Event::on("model_alias.created", alias.id, &(), &alias).within(&project)).await?;
    change.log(Subject::Project(project.id)).await?;
    change.commit().await?;
    Ok(alias)
}
