//! Creating an API key.

use keyward_domain::{
    actor::{Actor, Identity},
    api_key::{Creator, KeyDraft, KeyUsage},
    id::{ApiKeyId, ProjectId},
    permission::Permission,
    role::Scope,
    secret::{KeyKind, KeySecret},
};
use keyward_store::change_log::Subject;

use super::{RevealedApiKey, check_name, details, find_project};
use crate::{Error, Keyward, Result, change::Event, idempotency::Idempotency};

/// What the key will be.
#[derive(Debug, Clone)]
pub struct CreateApiKey {
    /// What it opens.
    pub project: ProjectId,
    /// What it may do.
    pub draft: KeyDraft,
    /// Guards against creating twice.
    pub idempotency: Option<Idempotency>,
}

/// Makes a key of an active project, and shows its secret.
pub async fn create(keyward: &Keyward, actor: &Actor, command: CreateApiKey) -> Result<RevealedApiKey> {
    let mut change = keyward.change(actor, Permission::ApiKeysCreate, Scope::Project(command.project)).await?;
    let project = find_project(&mut change.conn(), actor, command.project).await?;
    let id = keyward.new_id(ApiKeyId::generate);
    change.once(command.idempotency.as_ref(), id).await?;
    if !project.is_active() {
        return Err(Error::Forbidden {
            code: "project_inactive",
            message: "Cannot generate API keys for an inactive project. Activate the project first.".into(),
        });
    }
    let secret = KeySecret::generate(KeyKind::Project, &*keyward.randomness);
    let place = (actor.organization, project.id);
    let key = command.draft.into_key(id, place, creator(actor), &secret, &keyward.vault.pepper, change.now);
    check_name(&mut change, &key).await?;
    keyward_store::api_key::insert(&mut change.conn(), &key).await?;
    change.audit(Event::on("api_key.created", id, &(), &key).within(&project)).await?;
    change.log(Subject::ApiKey(id)).await?;
    let details = details(&mut change.conn(), key, KeyUsage::default()).await?;
    change.commit().await?;
    Ok(RevealedApiKey { details, secret })
}

fn creator(actor: &Actor) -> Creator {
    let admin_key = match actor.identity {
        Identity::AdminKey { id, .. } => Some(id),
        Identity::User { .. } | Identity::System => None,
    };
    Creator { admin_key, user: actor.user() }
}
