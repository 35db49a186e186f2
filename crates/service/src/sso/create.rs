//! Connecting an identity provider.

use keyward_domain::{
    Name,
    actor::Actor,
    credential::redact,
    id::SsoProviderId,
    permission::Permission,
    role::Scope,
    sso::{ClientId, Issuer, Mapping, Scopes, SsoProvider, check_client_secret},
};
use secrecy::{ExposeSecret, SecretString};

use super::{audited, check_owner, mappings, name_taken};
use crate::{Keyward, Result, change::Event, idempotency::Idempotency};

/// What the provider will be.
#[derive(Debug, Clone)]
pub struct CreateSsoProvider {
    /// Unique in the organization.
    pub name: Name,
    /// Where it is.
    pub issuer: Issuer,
    /// How Keyward is registered there.
    pub client_id: ClientId,
    /// The secret of that registration; a public client has none.
    pub client_secret: Option<SecretString>,
    /// What is asked for.
    pub scopes: Scopes,
    /// Which claims give what.
    pub mappings: Vec<Mapping>,
    /// Whether somebody unknown becomes a member at their first sign-in.
    pub creates_members: bool,
    /// Whether anybody can sign in by it.
    pub enabled: bool,
    /// Guards against creating twice.
    pub idempotency: Option<Idempotency>,
}

/// Connects a provider; people can sign in by it from now on, if it is enabled.
pub async fn create(keyward: &Keyward, actor: &Actor, command: CreateSsoProvider) -> Result<SsoProvider> {
    let mut change = keyward.change(actor, Permission::SsoManage, Scope::Organization).await?;
    check_owner(&change)?;
    let id = keyward.new_id(SsoProviderId::generate);
    change.once(command.idempotency.as_ref(), id).await?;
    let secret = command.client_secret.as_ref().map(ExposeSecret::expose_secret);
    if let Some(secret) = secret {
        check_client_secret("client_secret", secret)?;
    }
    mappings::check(&mut change, &command.mappings, &[]).await?;
    let provider = SsoProvider {
        id,
        organization: actor.organization,
        name: command.name,
        issuer: command.issuer,
        client_id: command.client_id,
        redacted_value: secret.map(redact),
        scopes: command.scopes,
        mappings: command.mappings,
        creates_members: command.creates_members,
        enabled: command.enabled,
        created_at: change.now,
        updated_at: change.now,
        version: 1,
    };
    let sealed = command.client_secret.as_ref().map(|secret| keyward.seal_client_secret(&provider, secret));
    keyward_store::sso_provider::insert(&mut change.conn(), &provider, sealed.as_deref())
        .await
        .map_err(name_taken(&provider.name))?;
    let after = audited(&provider, sealed.is_some().then_some("set"));
    change.audit(Event::on("sso_provider.created", id, &(), &after)).await?;
    change.commit().await?;
    Ok(provider)
}
