//! Editing an identity provider and replacing its secret.

use keyward_domain::{
    Invalid, Name,
    actor::Actor,
    credential::redact,
    id::SsoProviderId,
    permission::Permission,
    role::Scope,
    sso::{ClientId, Issuer, Mapping, Scopes, SsoProvider, check_client_secret},
};
use keyward_store::{identity, session, sso_grants, sso_provider as store};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::{audited, check_not_last, check_owner, find_own, grants, mappings, name_taken};
use crate::{
    Keyward, Result,
    change::{Change, Event},
    error::check_version,
};

/// What changes: `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct UpdateSsoProvider {
    /// A new name.
    pub name: Option<Name>,
    /// Another provider. Where a secret is stored, it takes a secret with it.
    pub issuer: Option<Issuer>,
    /// Another registration there.
    pub client_id: Option<ClientId>,
    /// A new secret, or none.
    pub client_secret: Option<Option<SecretString>>,
    /// All scopes, anew.
    pub scopes: Option<Scopes>,
    /// All mappings, anew.
    pub mappings: Option<Vec<Mapping>>,
    /// Whether somebody unknown becomes a member.
    pub creates_members: Option<bool>,
    /// Whether anybody can sign in by it.
    pub enabled: Option<bool>,
    /// The version that the caller read.
    pub expected_version: Option<i64>,
}

/// Edits a provider. Disabled, its sessions end; pointed at another issuer or
/// registration, whom it knew is forgotten too; what a mapping gave that is no
/// more is taken back. An edit that changes nothing leaves no trace.
pub async fn update(
    keyward: &Keyward,
    actor: &Actor,
    id: SsoProviderId,
    command: UpdateSsoProvider,
) -> Result<SsoProvider> {
    let mut change = keyward.change(actor, Permission::SsoManage, Scope::Organization).await?;
    let before = find_own(&mut change, id).await?;
    check_version(command.expected_version, before.version)?;
    let (mut after, secret) = applied(&before, command)?;
    if after == before && secret.is_none() {
        return Ok(before);
    }
    let elsewhere = after.issuer != before.issuer || after.client_id != before.client_id;
    if elsewhere {
        check_owner(&change)?;
    }
    mappings::check(&mut change, &after.mappings, &before.mappings).await?;
    let ends = before.enabled && !after.enabled;
    if ends {
        check_not_last(&mut change, &before).await?;
    }
    after.touch(change.now);
    store::update(&mut change.conn(), &after).await.map_err(name_taken(&after.name))?;
    if let Some(secret) = &secret {
        let sealed = secret.as_ref().map(|secret| keyward.seal_client_secret(&after, secret));
        store::replace_secret(&mut change.conn(), after.organization, id, sealed.as_deref()).await?;
    }
    let had = before.redacted_value.is_some();
    let kept = had.then_some("set");
    let now = match &secret {
        None => kept,
        Some(None) => None,
        Some(Some(_)) => Some(if had { "replaced" } else { "set" }),
    };
    let mut event = Event::on("sso_provider.updated", id, &audited(&before, kept), &audited(&after, now));
    if ends || elsewhere {
        event.after["ended_sessions"] =
            json!(session::delete_of_provider(&mut change.conn(), after.organization, id).await?);
    }
    if elsewhere {
        event.after["forgotten_identities"] = json!(identity::delete_of(&mut change.conn(), id).await?);
    }
    change.audit(event).await?;
    take_back(&mut change, &after).await?;
    change.commit().await?;
    Ok(after)
}

/// The provider as it will be, and its new secret if there is one to store.
fn applied(before: &SsoProvider, command: UpdateSsoProvider) -> Result<(SsoProvider, Option<Option<SecretString>>)> {
    let mut after = before.clone();
    if let Some(name) = command.name {
        after.name = name;
    }
    if let Some(issuer) = command.issuer {
        // Who may change a provider may not read its secret, and a server of their
        // own would be told it.
        if issuer != before.issuer && before.redacted_value.is_some() && command.client_secret.is_none() {
            let message = "A new issuer takes the secret with it: send client_secret in the same request, so that a stored secret goes only where whoever knows it sends it.";
            return Err(Invalid::new("client_secret", message).code("secret_required").into());
        }
        after.issuer = issuer;
    }
    if let Some(client_id) = command.client_id {
        after.client_id = client_id;
    }
    if let Some(scopes) = command.scopes {
        after.scopes = scopes;
    }
    if let Some(mappings) = command.mappings {
        after.mappings = mappings;
    }
    after.creates_members = command.creates_members.unwrap_or(before.creates_members);
    after.enabled = command.enabled.unwrap_or(before.enabled);
    // Taking away what isn't there changes nothing.
    let secret = command.client_secret.filter(|secret| secret.is_some() || before.redacted_value.is_some());
    if let Some(secret) = &secret {
        let text = secret.as_ref().map(ExposeSecret::expose_secret);
        if let Some(text) = text {
            check_client_secret("client_secret", text)?;
        }
        after.redacted_value = text.map(redact);
    }
    Ok((after, secret))
}

/// Takes back what no mapping gives any more.
async fn take_back(change: &mut Change<'_>, provider: &SsoProvider) -> Result<()> {
    let held = sso_grants::of(&mut change.conn(), provider.organization, provider.id, None).await?;
    for held in held.into_iter().filter(|held| !provider.mappings.iter().any(|mapping| mapping.gives == held.given)) {
        grants::withdraw(change, provider.id, held).await?;
    }
    Ok(())
}
