//! What of an ID token is believed: nothing before its signature by a key of
//! the provider's, its issuer, audience, authorized party, nonce and times are
//! right (OpenID Connect Core, section 3.1.3.7).

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use jiff::SignedDuration;
use keyward_domain::{
    Timestamp,
    sso::{Claims, SsoProvider},
};
use openidconnect::{
    AccessTokenHash, ClaimsVerificationError as Wrong, ClientId, IssuerUrl, Nonce, OAuth2TokenResponse,
    SignatureVerificationError,
    core::{CoreIdToken, CoreIdTokenVerifier, CoreTokenResponse},
};
use serde_json::{Map, Value};

use super::{
    attempt::Attempt,
    metadata::{ALGORITHMS, Metadata},
};

/// How far a provider's clock may be off.
const SKEW: SignedDuration = SignedDuration::from_secs(60);
/// The longest subject that is kept; the specification has 255.
const LONGEST_SUBJECT: usize = 255;

/// Why an ID token isn't believed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Disbelief {
    /// Its key isn't among those that are known: they may have changed.
    UnknownKey,
    /// It is wrong; says how, without anything of the token.
    Wrong(&'static str),
}

/// Somebody whom a provider vouches for.
pub(super) struct Vouched {
    /// Who that is there.
    pub subject: String,
    /// What is said of them.
    pub claims: Claims,
}

fn moment(at: Timestamp, by: SignedDuration) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at.as_millisecond() + by.as_millis() as i64).unwrap_or_default()
}

/// Reads the ID token of an answer.
pub(super) fn verify(
    provider: &SsoProvider,
    metadata: &Metadata,
    attempt: &Attempt,
    answer: &CoreTokenResponse,
    now: Timestamp,
) -> Result<Vouched, Disbelief> {
    let token = answer.extra_fields().id_token().ok_or(Disbelief::Wrong("the provider sent no ID token"))?;
    let client_id = ClientId::new(provider.client_id.as_str().to_owned());
    let issuer = IssuerUrl::new(provider.issuer.as_str().to_owned()).map_err(|_| Disbelief::Wrong("no issuer"))?;
    let verifier = CoreIdTokenVerifier::new_public_client(client_id.clone(), issuer, metadata.jwks().clone())
        .set_allowed_algs(ALGORITHMS)
        .set_time_fn(move || moment(now, -SKEW))
        .set_issue_time_verifier_fn(move |issued| {
            if issued > moment(now, SKEW) { Err("it is issued in the future".into()) } else { Ok(()) }
        });
    let nonce = Nonce::new(attempt.nonce.expose().to_owned());
    let claims = token.claims(&verifier, &nonce).map_err(describe)?;
    if claims.authorized_party().is_some_and(|party| *party != client_id) {
        return Err(Disbelief::Wrong("its ID token is for another party (azp)"));
    }
    if let Some(expected) = claims.access_token_hash() {
        let wrong = Disbelief::Wrong("its access token isn't the one that the ID token names (at_hash)");
        let Ok((algorithm, key)) = token.signing_alg().and_then(|alg| Ok((alg, token.signing_key(&verifier)?))) else {
            return Err(wrong);
        };
        if AccessTokenHash::from_token(answer.access_token(), algorithm, key).ok().as_ref() != Some(expected) {
            return Err(wrong);
        }
    }
    let subject = claims.subject().as_str().to_owned();
    if subject.is_empty() || subject.len() > LONGEST_SUBJECT || subject.chars().any(char::is_control) {
        return Err(Disbelief::Wrong("its ID token has no usable subject (sub)"));
    }
    Ok(Vouched { subject, claims: Claims::new(payload(token)?) })
}

/// Everything that a token which was verified says.
fn payload(token: &CoreIdToken) -> Result<Map<String, Value>, Disbelief> {
    let text = token.to_string();
    let payload = text.split('.').nth(1).and_then(|part| BASE64_URL_SAFE_NO_PAD.decode(part).ok());
    payload
        .and_then(|payload| serde_json::from_slice(&payload).ok())
        .ok_or(Disbelief::Wrong("its ID token isn't a JSON object"))
}

fn describe(wrong: Wrong) -> Disbelief {
    use SignatureVerificationError as Signature;
    Disbelief::Wrong(match wrong {
        Wrong::SignatureVerification(Signature::NoMatchingKey) => return Disbelief::UnknownKey,
        Wrong::SignatureVerification(Signature::NoSignature) => "its ID token isn't signed",
        Wrong::SignatureVerification(Signature::DisallowedAlg(_) | Signature::UnsupportedAlg(_)) => {
            "its ID token is signed in a way that isn't accepted"
        }
        Wrong::SignatureVerification(Signature::AmbiguousKeyId(_)) => "its ID token doesn't say which key signed it",
        Wrong::SignatureVerification(_) => "the signature of its ID token is wrong",
        Wrong::Expired(_) => "its ID token is expired, or from the future: compare the clocks",
        Wrong::InvalidAudience(_) => "its ID token is for somebody else (aud)",
        Wrong::InvalidIssuer(_) => "its ID token is from another issuer (iss)",
        Wrong::InvalidNonce(_) => "its ID token answers another attempt (nonce)",
        _ => "its ID token can't be read",
    })
}
