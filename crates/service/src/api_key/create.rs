//! Creating an API key.

use keyward_domain::{
    actor::{Actor, Identity},
    api_key::{ApiKey, Creator, KeyDraft, KeyUsage},
    id::{ApiKeyId, ProjectId, ServiceAccountId},
    permission::Permission,
    project::Project,
    role::Scope,
    secret::{KeyKind, KeySecret},
};
use keyward_store::change_log::Subject;

use super::{RevealedApiKey, check_name, check_scopes, details, find_project};
use crate::{
    Error, Keyward, Result, budget,
    change::{Change, Event},
    idempotency::Idempotency,
};

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

/// Makes a key of an active project, and shows its secret. It may do nothing
/// that the actor may not.
pub async fn create(keyward: &Keyward, actor: &Actor, command: CreateApiKey) -> Result<RevealedApiKey> {
    let CreateApiKey { project, draft, idempotency } = command;
    let mut change = keyward.change(actor, Permission::ApiKeysCreate, Scope::Project(project)).await?;
    let project = find_project(&mut change.conn(), actor, project).await?;
    let id = keyward.new_id(ApiKeyId::generate);
    change.once(idempotency.as_ref(), id).await?;
    let revealed = make(&mut change, &project, id, draft, None).await?;
    change.commit().await?;
    Ok(revealed)
}

/// Makes a key within a change; the caller has checked the permission.
pub(crate) async fn make(
    change: &mut Change<'_>,
    project: &Project,
    id: ApiKeyId,
    draft: KeyDraft,
    service_account: Option<ServiceAccountId>,
) -> Result<RevealedApiKey> {
    if !project.is_active() {
        return Err(Error::Forbidden {
            code: "project_inactive",
            message: "Cannot generate API keys for an inactive project. Activate the project first.".into(),
        });
    }
    check_scopes(&change.actor, project.id, &draft.access)?;
    let keyward = change.keyward;
    let secret = KeySecret::generate(KeyKind::Project, &*keyward.randomness);
    let (place, creator) = ((project.organization, project.id), creator(&change.actor));
    let key = draft.into_key(id, place, creator, &secret, &keyward.vault.pepper, change.now);
    let key = ApiKey { service_account, ..key };
    check_name(change, &key).await?;
    keyward_store::api_key::insert(&mut change.conn(), &key).await?;
    budget::follow_key(change, &key).await?;
    change.audit(Event::on("api_key.created", id, &(), &key).within(project)).await?;
    change.log(Subject::ApiKey(id)).await?;
    let details = details(keyward, &mut change.conn(), key, KeyUsage::default()).await?;
    Ok(RevealedApiKey { details, secret })
}

fn creator(actor: &Actor) -> Creator {
    let admin_key = match actor.identity {
        Identity::AdminKey { id, .. } => Some(id),
        Identity::User { .. } | Identity::System => None,
    };
    Creator { admin_key, user: actor.user() }
}
