//! Creating a project.

use keyward_domain::{
    Name,
    actor::Actor,
    id::{CredentialId, ProjectId},
    model::ModelPermissions,
    permission::Permission,
    project::Project,
    role::Scope,
};
use keyward_store::change_log::Subject;

use super::{ProjectDetails, name_taken};
use crate::{
    Keyward, Result,
    authorize::authorize,
    change::Event,
    credential::{self, NewCredential},
    idempotency::Idempotency,
};

/// What the project will be.
#[derive(Debug, Clone)]
pub struct CreateProject {
    /// Unique in the organization.
    pub name: Name,
    /// Free text; may be empty.
    pub description: String,
    /// Which models it may use; `None`: all.
    pub model_permissions: Option<ModelPermissions>,
    /// Its first credential, made with it or not at all; takes the permission
    /// to manage credentials.
    pub credential: Option<NewCredential>,
    /// Guards against creating twice.
    pub idempotency: Option<Idempotency>,
}

/// Makes an active project.
pub async fn create(keyward: &Keyward, actor: &Actor, command: CreateProject) -> Result<ProjectDetails> {
    if command.credential.is_some() {
        authorize(actor, Permission::CredentialsManage, Scope::Organization)?;
    }
    let mut change = keyward.change(actor, Permission::ProjectsCreate, Scope::Organization).await?;
    let id = keyward.new_id(ProjectId::generate);
    change.once(command.idempotency.as_ref(), id).await?;
    let project = Project {
        id,
        organization: actor.organization,
        name: command.name,
        description: command.description,
        deactivated_at: None,
        model_permissions: command.model_permissions,
        created_at: change.now,
        updated_at: change.now,
        version: 1,
    };
    keyward_store::project::insert(&mut change.conn(), &project).await.map_err(name_taken(&project.name))?;
    change.audit(Event::on("project.created", id, &(), &project).within(&project)).await?;
    change.log(Subject::Project(id)).await?;
    if let Some(new) = command.credential {
        let id = keyward.new_id(CredentialId::generate);
        credential::add(&mut change, Some(&project), id, new).await.map_err(|error| error.within("credential"))?;
    }
    change.commit().await?;
    Ok(ProjectDetails { project, keys_total: 0, keys_active: 0 })
}
