//! Testing a provider: it is asked anew what it says of itself, and what is
//! wrong is told.

use keyward_domain::{actor::Actor, id::SsoProviderId, permission::Permission, role::Scope};

use super::{
    client::{Fresh, SsoClient},
    list::find,
    metadata::ALGORITHMS,
};
use crate::{Keyward, Result, authorize::authorize};

/// What a provider said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tested {
    /// Where browsers are sent.
    pub authorization_endpoint: String,
    /// Where codes are redeemed.
    pub token_endpoint: String,
    /// Where it says more about people, if it does.
    pub userinfo_endpoint: Option<String>,
    /// Its ways to sign that Keyward accepts.
    pub signing_algorithms: Vec<String>,
    /// How many keys it shows.
    pub keys: usize,
    /// Where it must be allowed to send browsers back to.
    pub redirect_uri: String,
}

/// Asks a provider of the organization what it says of itself. Changes nothing.
pub async fn test(keyward: &Keyward, actor: &Actor, client: &SsoClient, id: SsoProviderId) -> Result<Tested> {
    authorize(actor, Permission::SsoManage, Scope::Organization)?;
    let provider = find(keyward, actor, id).await?;
    let line = client.line(id);
    let metadata = client.ask(&provider, &line)?.metadata(keyward.now(), Fresh::Now).await?;
    let accepted = metadata.id_token_signing_alg_values_supported().iter();
    let accepted = accepted.filter(|algorithm| ALGORITHMS.contains(algorithm));
    let name = |algorithm| serde_json::to_value(algorithm).ok()?.as_str().map(str::to_owned);
    Ok(Tested {
        authorization_endpoint: metadata.authorization_endpoint().url().to_string(),
        token_endpoint: metadata.token_endpoint().map(|url| url.url().to_string()).unwrap_or_default(),
        userinfo_endpoint: metadata.userinfo_endpoint().map(|url| url.url().to_string()),
        signing_algorithms: accepted.filter_map(name).collect(),
        keys: metadata.jwks().keys().len(),
        redirect_uri: keyward.sso_redirect_uri(actor.organization),
    })
}
