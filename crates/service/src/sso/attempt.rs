//! An attempt to sign in, under way: all that must be known when the browser
//! comes back, sealed in a cookie of that very browser. Nothing is stored, so
//! whoever starts a million attempts fills nothing.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::SignedDuration;
use keyward_domain::{Randomness, Timestamp, clock::to_millis, id::SsoProviderId, secret::Token, sso::ReturnTo};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::vault::Vault;

/// How long somebody may take at the provider.
pub const LASTS: SignedDuration = SignedDuration::from_mins(10);
const PLACE: &str = "sso attempt";

/// One attempt.
pub(super) struct Attempt {
    pub provider: SsoProviderId,
    /// The provider's version: one that was changed meanwhile is another.
    pub version: i64,
    /// What the browser must bring back.
    pub state: Token,
    /// What the ID token must hold.
    pub nonce: Token,
    /// What proves to the provider that the code is redeemed by who asked.
    pub verifier: Token,
    pub return_to: ReturnTo,
    pub expires_at: i64,
}

#[derive(Serialize, Deserialize)]
struct Written {
    provider: String,
    version: i64,
    state: String,
    nonce: String,
    verifier: String,
    return_to: String,
    expires_at: i64,
}

impl Attempt {
    pub fn new(
        provider: SsoProviderId,
        version: i64,
        return_to: ReturnTo,
        now: Timestamp,
        randomness: &dyn Randomness,
    ) -> Self {
        let [state, nonce, verifier] = [(); 3].map(|()| Token::generate(randomness));
        Self {
            provider,
            version,
            state,
            nonce,
            verifier,
            return_to,
            expires_at: to_millis(now) + LASTS.as_secs() * 1000,
        }
    }

    /// As a cookie's value.
    pub fn seal(&self, vault: &Vault, randomness: &dyn Randomness) -> String {
        let written = Written {
            provider: self.provider.to_string(),
            version: self.version,
            state: self.state.expose().into(),
            nonce: self.nonce.expose().into(),
            verifier: self.verifier.expose().into(),
            return_to: self.return_to.as_str().into(),
            expires_at: self.expires_at,
        };
        let text = SecretString::from(serde_json::to_string(&written).unwrap_or_default());
        BASE64_URL_SAFE_NO_PAD.encode(vault.seal(PLACE, &text, randomness))
    }

    /// Reads a cookie's value; `None` for what this installation didn't seal,
    /// or sealed too long ago.
    pub fn open(vault: &Vault, value: &str, now: Timestamp) -> Option<Self> {
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(value).ok()?;
        let text = vault.unseal(PLACE, &sealed).ok()?;
        let written: Written = serde_json::from_str(text.expose_secret()).ok()?;
        let attempt = Self {
            provider: written.provider.parse().ok()?,
            version: written.version,
            state: Token::parse(&written.state)?,
            nonce: Token::parse(&written.nonce)?,
            verifier: Token::parse(&written.verifier)?,
            return_to: ReturnTo::parse("return_to", &written.return_to).ok()?,
            expires_at: written.expires_at,
        };
        (to_millis(now) < attempt.expires_at).then_some(attempt)
    }

    /// Whether `state` is this attempt's.
    pub fn is_of(&self, state: &str) -> bool {
        self.state.expose().as_bytes().ct_eq(state.as_bytes()).into()
    }
}
