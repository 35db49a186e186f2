//! Creating a service account, and API keys that belong to it.

use std::collections::BTreeMap;

use keyward_domain::{
    Invalid, Name, Timestamp,
    actor::Actor,
    api_key::{KeyAccess, KeyDraft, expiry_after},
    id::{ApiKeyId, ProjectId, ServiceAccountId},
    permission::Permission,
    role::Scope,
    service_account::ServiceAccount,
};
use keyward_store::service_account as store;

use super::{ServiceAccountPlace, find_in, find_project};
use crate::{
    Keyward, Result,
    api_key::{RevealedApiKey, make},
    authorize::authorize,
    change::Event,
    idempotency::Idempotency,
};

/// What the service account will be.
#[derive(Debug, Clone)]
pub struct CreateServiceAccount {
    /// Where.
    pub project: ProjectId,
    /// What it is called.
    pub name: Name,
    /// Whether it gets a first API key of the same name, which takes the
    /// permission to create keys.
    pub with_key: bool,
    /// After how many seconds that key stops working, 1 second to ten years.
    pub expires_in_seconds: Option<i64>,
    /// Guards against creating twice.
    pub idempotency: Option<Idempotency>,
}

/// A new service account, with its first key if it got one.
#[derive(Debug, Clone)]
pub struct CreatedServiceAccount {
    /// The account.
    pub account: ServiceAccount,
    /// The key, shown this once.
    pub key: Option<RevealedApiKey>,
}

/// A key for a service account.
#[derive(Debug, Clone)]
pub struct CreateServiceAccountKey {
    /// Whose.
    pub place: ServiceAccountPlace,
    /// What it is for; `None`: what the account is called.
    pub name: Option<Name>,
    /// After how many seconds it stops working, 1 second to ten years.
    pub expires_in_seconds: Option<i64>,
    /// What it may do.
    pub access: KeyAccess,
    /// Guards against creating twice.
    pub idempotency: Option<Idempotency>,
}

/// Makes a service account in a project.
pub async fn create(keyward: &Keyward, actor: &Actor, command: CreateServiceAccount) -> Result<CreatedServiceAccount> {
    let scope = Scope::Project(command.project);
    if command.with_key {
        authorize(actor, Permission::ApiKeysCreate, scope)?;
    } else if command.expires_in_seconds.is_some() {
        let message = "expires_in_seconds is of the API key, and none is made: leave it out.";
        return Err(Invalid::new("expires_in_seconds", message).into());
    }
    let mut change = keyward.change(actor, Permission::ServiceAccountsManage, scope).await?;
    if command.with_key {
        authorize(&change.actor, Permission::ApiKeysCreate, scope)?;
    }
    let project = find_project(&mut change.conn(), actor, command.project).await?;
    let account = ServiceAccount {
        id: keyward.new_id(ServiceAccountId::generate),
        organization: project.organization,
        project: project.id,
        name: command.name,
        created_at: change.now,
    };
    change.once(command.idempotency.as_ref(), account.id).await?;
    store::insert(&mut change.conn(), &account).await?;
    change.audit(Event::on("service_account.created", account.id, &(), &account).within(&project)).await?;
    let key = if command.with_key {
        let id = keyward.new_id(ApiKeyId::generate);
        let expires_at = expiry(command.expires_in_seconds, change.now)?;
        let draft = KeyDraft { expires_at, ..draft(account.name.clone(), KeyAccess::default()) };
        Some(make(&mut change, &project, id, draft, Some(account.id)).await?)
    } else {
        None
    };
    change.commit().await?;
    Ok(CreatedServiceAccount { account, key })
}

/// Makes an API key that belongs to a service account, and shows its secret.
pub async fn create_key(keyward: &Keyward, actor: &Actor, command: CreateServiceAccountKey) -> Result<RevealedApiKey> {
    let scope = Scope::Project(command.place.project);
    authorize(actor, Permission::ServiceAccountsManage, scope)?;
    let mut change = keyward.change(actor, Permission::ApiKeysCreate, scope).await?;
    authorize(&change.actor, Permission::ServiceAccountsManage, scope)?;
    let (project, account) = find_in(&mut change.conn(), actor, command.place).await?;
    let id = keyward.new_id(ApiKeyId::generate);
    change.once(command.idempotency.as_ref(), id).await?;
    let expires_at = expiry(command.expires_in_seconds, change.now)?;
    let draft = KeyDraft { expires_at, ..draft(command.name.unwrap_or(account.name), command.access) };
    let revealed = make(&mut change, &project, id, draft, Some(account.id)).await?;
    change.commit().await?;
    Ok(revealed)
}

fn expiry(seconds: Option<i64>, now: Timestamp) -> Result<Option<Timestamp>> {
    Ok(seconds.map(|seconds| expiry_after(seconds, now)).transpose()?)
}

fn draft(name: Name, access: KeyAccess) -> KeyDraft {
    KeyDraft { name, expires_at: None, max_requests: None, access, environment: None, metadata: BTreeMap::new() }
}
