//! The way out: a browser is sent to the provider, with an attempt in its cookie.

use jiff::SignedDuration;
use keyward_domain::{
    id::SsoProviderId,
    sso::{ReturnTo, SsoProvider},
};
use keyward_store::sso_provider as store;
use openidconnect::PkceCodeVerifier;
use url::Url;

use super::{
    NOUN,
    attempt::{self, Attempt},
    client::{Fresh, SsoClient},
};
use crate::{Error, Keyward, Result};

/// How long somebody may take at the provider.
pub const ATTEMPT_LASTS: SignedDuration = attempt::LASTS;

/// An attempt that was started.
pub struct Started {
    /// Where to send the browser.
    pub location: Url,
    /// What it must bring back, for its cookie.
    pub cookie: String,
}

/// Starts an attempt to sign in by a provider. Anybody may: whoever they are is
/// the provider's to say.
pub async fn start(keyward: &Keyward, client: &SsoClient, id: SsoProviderId, return_to: ReturnTo) -> Result<Started> {
    let provider = enabled(keyward, id).await?.provider;
    let line = client.line(id);
    let now = keyward.now();
    let metadata = client.ask(&provider, &line)?.metadata(now, Fresh::Enough).await?;
    let attempt = Attempt::new(id, provider.version, return_to, now, &*keyward.randomness);
    let location = address(keyward, &provider, metadata.authorization_endpoint().url(), &attempt);
    Ok(Started { location, cookie: attempt.seal(&keyward.vault, &*keyward.randomness) })
}

/// The provider with its sealed secret, if anybody can sign in by it.
pub(super) async fn enabled(keyward: &Keyward, id: SsoProviderId) -> Result<store::SealedProvider> {
    let mut connection = keyward.read().await?;
    let found = store::find_sealed_any(&mut connection.conn(), id).await?;
    found.filter(|found| found.provider.enabled).ok_or(Error::NotFound(NOUN))
}

/// The request to authenticate (OpenID Connect Core, section 3.1.2.1) with PKCE.
fn address(keyward: &Keyward, provider: &SsoProvider, endpoint: &Url, attempt: &Attempt) -> Url {
    let verifier = PkceCodeVerifier::new(attempt.verifier.expose().to_owned());
    let challenge = openidconnect::PkceCodeChallenge::from_code_verifier_sha256(&verifier);
    let mut url = endpoint.clone();
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", provider.client_id.as_str())
        .append_pair("redirect_uri", &keyward.sso_redirect_uri(provider.organization))
        .append_pair("scope", &provider.scopes.text())
        .append_pair("state", attempt.state.expose())
        .append_pair("nonce", attempt.nonce.expose())
        .append_pair("code_challenge", challenge.as_str())
        .append_pair("code_challenge_method", challenge.method().as_str());
    url
}
