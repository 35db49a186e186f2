//! Editing a credential and replacing its secret.

use keyward_domain::{
    Invalid, Name,
    actor::Actor,
    credential::{Aliases, BaseUrl, Credential, redact},
    id::{CredentialId, ProjectId},
    permission::Permission,
    weight::Weight,
};
use keyward_store::credential::UsedCredential;
use secrecy::{ExposeSecret, SecretString};

use super::{CredentialDetails, audited, find_own, name_taken, scope, seal, subject};
use crate::{Keyward, Result, change::Event, error::check_version};

/// Refuses another address for a stored secret: who may change a credential may
/// not read its secret, and a server of their own would be told it.
fn check_same_place(before: &Credential, after: &Credential) -> Result<()> {
    if before.effective_base_url() == after.effective_base_url() {
        return Ok(());
    }
    let message = "A new base_url takes the secret with it: send api_key in the same request, so that a stored secret goes only where whoever knows it sends it.";
    Err(Invalid::new("api_key", message).code("secret_required").into())
}

/// What changes: `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct UpdateCredential {
    /// A new name.
    pub name: Option<Name>,
    /// A new address, or the provider's usual one. Where a secret is stored,
    /// another address takes a secret with it ([`UpdateCredential::api_key`]).
    pub base_url: Option<Option<BaseUrl>>,
    /// A new secret, or none where the provider can do without.
    pub api_key: Option<Option<SecretString>>,
    /// All aliases, anew.
    pub aliases: Option<Aliases>,
    /// A new priority.
    pub priority: Option<i32>,
    /// A new weight.
    pub weight: Option<Weight>,
    /// The version that the caller read.
    pub expected_version: Option<i64>,
}

/// Edits a credential where it belongs (`project`; `None`: the organization's
/// own). Calls use it from the next one on; API keys are untouched. An edit
/// that changes nothing leaves no trace.
pub async fn update(
    keyward: &Keyward,
    actor: &Actor,
    project: Option<ProjectId>,
    id: CredentialId,
    command: UpdateCredential,
) -> Result<CredentialDetails> {
    let mut change = keyward.change(actor, Permission::CredentialsManage, scope(project)).await?;
    let (UsedCredential { credential: before, last_used_at }, within) =
        find_own(&mut change.conn(), actor, project, id).await?;
    check_version(command.expected_version, before.version)?;
    let mut after = before.clone();
    if let Some(name) = command.name {
        after.name = name;
    }
    let had_secret = before.redacted_value.is_some();
    if let Some(base_url) = command.base_url {
        after.provider.check_base_url("base_url", base_url.is_some())?;
        after.base_url = base_url;
        if had_secret && command.api_key.is_none() {
            check_same_place(&before, &after)?;
        }
    }
    if let Some(aliases) = command.aliases {
        after.aliases = aliases;
    }
    if let Some(priority) = command.priority {
        after.priority = priority;
    }
    if let Some(weight) = command.weight {
        after.weight = weight;
    }
    // Taking away what isn't there changes nothing.
    let new_secret = command.api_key.filter(|secret| secret.is_some() || had_secret);
    if let Some(secret) = &new_secret {
        let secret = secret.as_ref().map(ExposeSecret::expose_secret);
        after.provider.check_given_secret("api_key", secret)?;
        after.redacted_value = secret.map(redact);
    }
    if after == before && new_secret.is_none() {
        return Ok(CredentialDetails { credential: before, last_used_at, inherited: false });
    }
    after.touch(change.now);
    keyward_store::credential::update(&mut change.conn(), &after).await.map_err(name_taken(&after.name))?;
    if let Some(secret) = &new_secret {
        let sealed = secret.as_ref().map(|secret| seal(keyward, &after, secret));
        keyward_store::credential::replace_secret(&mut change.conn(), actor.organization, id, sealed.as_deref())
            .await?;
    }
    let marker_before = had_secret.then_some("set");
    let marker_after = match &new_secret {
        None => marker_before,
        Some(None) => None,
        Some(Some(_)) => Some(if had_secret { "replaced" } else { "set" }),
    };
    let event = Event::on("credential.updated", id, &audited(&before, marker_before), &audited(&after, marker_after));
    change.audit(event.within(within.as_ref())).await?;
    change.log(subject(&after)).await?;
    change.commit().await?;
    Ok(CredentialDetails { credential: after, last_used_at, inherited: false })
}
