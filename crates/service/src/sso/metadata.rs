//! What a provider says of itself: OpenID Connect Discovery 1.0, and what
//! Keyward needs of it.

use keyward_domain::sso::Issuer;
use openidconnect::{
    AdditionalProviderMetadata, DiscoveryError, IssuerUrl, ProviderMetadata,
    core::{
        CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType, CoreJsonWebKey,
        CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm, CoreResponseMode,
        CoreResponseType, CoreSubjectIdentifierType,
    },
};
use serde::{Deserialize, Serialize};

use super::client::{Asking, IdentityProviderError};

/// What a provider says of itself, with its keys.
pub(super) type Metadata = ProviderMetadata<
    Further,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// What other specifications have it say.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Further {
    /// It says who it is when it sends a browser back (RFC 9207).
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for Further {}

/// The signatures that are believed: by a key of the provider's alone. Never
/// none, and never one by a secret that two share.
pub(super) const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

fn unusable(why: impl Into<String>) -> IdentityProviderError {
    IdentityProviderError::NotUnderstood(why.into())
}

/// Reads the discovery document and the keys, and checks that they will do.
pub(super) async fn discover(asking: &Asking<'_>, issuer: &Issuer) -> Result<Metadata, IdentityProviderError> {
    let url = IssuerUrl::new(issuer.as_str().to_owned()).map_err(|_| unusable("its issuer is not a URL"))?;
    let found = Metadata::discover_async(url, asking).await.map_err(|error| match error {
        DiscoveryError::Request(error) => error,
        DiscoveryError::Response(status, ..) if !status.is_success() => unusable(format!(
            "its discovery document or its keys came with status {}: is the issuer right?",
            status.as_u16()
        )),
        DiscoveryError::Response(_, _, _) => unusable("its discovery document or its keys aren't JSON"),
        DiscoveryError::Parse(error) => {
            let why: String = error.inner().to_string().chars().filter(|c| !c.is_control()).take(120).collect();
            unusable(format!("its discovery document or its keys can't be read ({why})"))
        }
        DiscoveryError::Validation(_) => unusable(format!(
            "its discovery document names another issuer than {}: give it letter for letter as the provider does, the slash at the end included",
            issuer.as_str()
        )),
        _ => unusable("its discovery document can't be read"),
    })?;
    check(asking, &found)?;
    Ok(found)
}

fn check(asking: &Asking<'_>, found: &Metadata) -> Result<(), IdentityProviderError> {
    if !asking.may_send_to(found.authorization_endpoint().url()) {
        return Err(unusable("its authorization endpoint doesn't start with https://"));
    }
    if found.token_endpoint().is_none() {
        return Err(unusable("it has no token endpoint"));
    }
    if !found.id_token_signing_alg_values_supported().iter().any(|algorithm| ALGORITHMS.contains(algorithm)) {
        return Err(unusable("it signs ID tokens with none of RS256 to RS512, PS256 to PS512, ES256, ES384, EdDSA"));
    }
    if found.jwks().keys().is_empty() {
        return Err(unusable("it shows no key that its signatures could be checked with"));
    }
    Ok(())
}
