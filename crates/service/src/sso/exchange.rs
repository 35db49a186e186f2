//! A code becomes an ID token: the provider is asked with the attempt's proof
//! key. What the ID token doesn't say the provider's user information may.

use keyward_domain::sso::{Claims, SsoProvider};
use openidconnect::{
    AccessToken, AuthType, AuthorizationCode, ClientId, ClientSecret, HttpRequest, PkceCodeVerifier, RedirectUrl,
    RequestTokenError,
    core::{CoreClient, CoreClientAuthMethod, CoreTokenResponse},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::{
    attempt::Attempt,
    client::{Asking, IdentityProviderError},
    finish::failed,
    metadata::Metadata,
};
use crate::{Error, Result};

/// Redeems a code at the provider's token endpoint.
pub(super) async fn redeem(
    asking: &Asking<'_>,
    metadata: &Metadata,
    secret: Option<&SecretString>,
    attempt: &Attempt,
    code: String,
    redirect_uri: String,
) -> Result<CoreTokenResponse> {
    let client_id = ClientId::new(asking.provider.client_id.as_str().to_owned());
    let secret = secret.map(|secret| ClientSecret::new(secret.expose_secret().to_owned()));
    let redirect_uri = RedirectUrl::new(redirect_uri).map_err(|_| failed("Keyward's public_url isn't a URL"))?;
    let client = CoreClient::from_provider_metadata(metadata.clone(), client_id, secret)
        .set_redirect_uri(redirect_uri)
        .set_auth_type(authentication(metadata));
    let verifier = PkceCodeVerifier::new(attempt.verifier.expose().to_owned());
    let request = client.exchange_code(AuthorizationCode::new(code)).map_err(|_| failed("it has no token endpoint"))?;
    request.set_pkce_verifier(verifier).request_async(asking).await.map_err(|error| match error {
        RequestTokenError::Request(error) => error.into(),
        RequestTokenError::ServerResponse(refusal) => {
            let code: String = refusal.error().to_string().chars().filter(char::is_ascii_graphic).take(60).collect();
            failed(&format!("the provider refuses ({code})"))
        }
        RequestTokenError::Parse(..) => IdentityProviderError::NotUnderstood(
            "its token endpoint's answer can't be read: it isn't JSON, or its ID token lacks what every one holds"
                .into(),
        )
        .into(),
        RequestTokenError::Other(_) => {
            IdentityProviderError::NotUnderstood("its token endpoint's answer isn't JSON".into()).into()
        }
    })
}

/// How Keyward shows its secret: as the specification has it unless the
/// provider takes the other way alone.
fn authentication(metadata: &Metadata) -> AuthType {
    let methods = metadata.token_endpoint_auth_methods_supported();
    let takes = |method: CoreClientAuthMethod| methods.is_some_and(|methods| methods.contains(&method));
    if takes(CoreClientAuthMethod::ClientSecretPost) && !takes(CoreClientAuthMethod::ClientSecretBasic) {
        AuthType::RequestBody
    } else {
        AuthType::BasicAuth
    }
}

/// Whether the user information may know more of what is needed here.
pub(super) fn is_missing_something(provider: &SsoProvider, claims: &Claims) -> bool {
    !claims.has("email")
        || !claims.has("email_verified") && claims.verified_email().is_none()
        || provider.mappings.iter().any(|mapping| !claims.has(&mapping.claim))
}

/// Takes in what the provider's user information says besides, if it has one.
pub(super) async fn complete(
    asking: &Asking<'_>,
    metadata: &Metadata,
    token: &AccessToken,
    subject: &str,
    claims: &mut Claims,
) -> Result<()> {
    let Some(endpoint) = metadata.userinfo_endpoint() else { return Ok(()) };
    let mut bearer = http::HeaderValue::try_from(format!("Bearer {}", token.secret()))
        .map_err(|_| failed("its access token can't be sent"))?;
    bearer.set_sensitive(true);
    let request: HttpRequest = http::Request::get(endpoint.url().as_str())
        .header(http::header::ACCEPT, "application/json")
        .header(http::header::AUTHORIZATION, bearer)
        .body(Vec::new())
        .map_err(|_| failed("the address of its user information isn't a URL"))?;
    let answer = asking.fetch(request).await?;
    if answer.status() != http::StatusCode::OK {
        tracing::info!(provider = %asking.provider.id, status = answer.status().as_u16(), "an identity provider keeps its user information to itself");
        return Ok(());
    }
    let Ok(more) = serde_json::from_slice::<Map<String, Value>>(answer.body()) else {
        return Err(Error::from(IdentityProviderError::NotUnderstood(
            "its user information isn't a JSON object".into(),
        )));
    };
    // OpenID Connect Core, section 5.3.2: it may be somebody else's.
    if more.get("sub").and_then(Value::as_str) != Some(subject) {
        return Err(failed("its user information is of somebody else"));
    }
    claims.complete_with(more);
    Ok(())
}
