//! Single sign-on by OpenID Connect: which providers an organization trusts,
//! and how somebody comes in by one.
//!
//! A provider says who somebody is, so connecting one is an owner's business:
//! who could point it elsewhere could come in as anybody. What it says holds in
//! its own organization only: it never makes an account of another one's
//! address, and a session that it vouches for acts nowhere else.
//!
//! - `create`, `update`, `delete`, `list`, `test`: the providers themselves
//! - `start`, `finish`: a browser's way out and back, with `attempt` in its cookie
//! - [`client`], `metadata`, `exchange`, `token`: what is asked of a provider, and what is believed
//! - `admit`, `grants`: who that is here, and what the claims give them

mod admit;
mod attempt;
mod client;
mod create;
mod delete;
mod exchange;
mod finish;
mod grants;
mod list;
mod mappings;
mod metadata;
mod start;
mod test;
mod token;
mod update;

use keyward_domain::{
    Name,
    id::{OrganizationId, SsoProviderId},
    sso::SsoProvider,
};
use keyward_store::{StoreError, sso_provider as store};
use secrecy::SecretString;
use serde_json::Value;

pub use client::{Fetched, IdentityProviderError, SsoClient, Transport};
pub use create::{CreateSsoProvider, create};
pub use delete::delete;
pub use finish::{Callback, SsoWelcome, finish};
pub use list::{find, list, on_sign_in_page};
pub use start::{ATTEMPT_LASTS, Started, start};
pub use test::{Tested, test};
pub use update::{UpdateSsoProvider, update};

use crate::{Error, Keyward, Result, change::Change};

const NOUN: &str = "single sign-on provider";

impl Keyward {
    /// Where a provider sends browsers back to. Each organization has its own
    /// address, so that no tenant's provider can have another's codes brought
    /// to it (RFC 9700, section 4.4).
    pub fn sso_redirect_uri(&self, organization: OrganizationId) -> String {
        format!("{}/v1/auth/sso/callback/{organization}", self.public_url)
    }

    /// Where a browser begins to sign in by a provider.
    pub fn sso_sign_in_url(&self, provider: SsoProviderId) -> String {
        format!("{}/v1/auth/sso/{provider}/start", self.public_url)
    }

    fn seal_client_secret(&self, provider: &SsoProvider, secret: &SecretString) -> Vec<u8> {
        self.vault.seal(&place(provider.id, provider.organization), secret, &*self.randomness)
    }

    fn unseal_client_secret(&self, sealed: &store::SealedProvider) -> Result<Option<SecretString>> {
        let provider = &sealed.provider;
        let place = place(provider.id, provider.organization);
        let opened = sealed.wrapped_secret.as_ref().map(|wrapped| self.vault.unseal(&place, wrapped)).transpose();
        opened.map_err(|error| Error::Undecryptable(format!("{}: {error}", provider.id)))
    }
}

/// Where a client secret opens: in no other row, and in no other organization's.
fn place(id: SsoProviderId, organization: OrganizationId) -> String {
    format!("sso_provider:{id}:{organization}")
}

async fn find_own(change: &mut Change<'_>, id: SsoProviderId) -> Result<SsoProvider> {
    let organization = change.actor.organization;
    store::find(&mut change.conn(), organization, id).await?.ok_or(Error::NotFound(NOUN))
}

/// Refuses whoever is no owner: what they connect could bring them in as one.
fn check_owner(change: &Change<'_>) -> Result<()> {
    if change.actor.access.is_owner() {
        return Ok(());
    }
    let message = "Only an owner can connect an identity provider, or another one in its place: it says who everybody is, owners too. Ask an owner of the organization.";
    Err(Error::Escalation { message: message.into() })
}

/// Refuses to take away the last provider by which members can come in.
async fn check_not_last(change: &mut Change<'_>, provider: &SsoProvider) -> Result<()> {
    let organization = change.actor.organization;
    let settings = keyward_store::organization_settings::find(&mut change.conn(), organization).await?;
    if !provider.enabled
        || settings.is_none_or(|settings| !settings.sso_required)
        || store::count_enabled(&mut change.conn(), organization, Some(provider.id)).await? > 0
    {
        return Ok(());
    }
    Err(Error::Conflict {
        code: "last_sso_provider",
        param: None,
        message: "The organization requires single sign-on, and this is its only enabled provider. Switch sso_required off first, or enable another provider.".into(),
    })
}

/// What an audit event says of a provider: of its secret only what became of it.
fn audited(provider: &SsoProvider, secret: Option<&str>) -> Value {
    let mut state = serde_json::to_value(provider).unwrap_or_default();
    if let Value::Object(fields) = &mut state {
        fields.insert("client_secret".into(), secret.into());
    }
    state
}

fn name_taken(name: &Name) -> impl Fn(StoreError) -> Error {
    move |error| {
        if store::name_is_taken(&error) { Error::name_taken("a single sign-on provider", name) } else { error.into() }
    }
}
