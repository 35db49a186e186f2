//! Finding the key in a request: `Authorization: Bearer`, `Authorization: Basic`
//! with the user `api-key`, `x-api-key`, `api-key`.

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, header::AUTHORIZATION};
use secrecy::{ExposeSecret, SecretString};

use crate::Refusal;

/// Headers that hold nothing but a key.
const BARE: [HeaderName; 2] = [HeaderName::from_static("x-api-key"), HeaderName::from_static("api-key")];

/// A key's text as it came in. Never shown.
#[derive(Debug, Clone)]
pub struct PresentedKey(SecretString);

impl PresentedKey {
    /// The text, for looking it up.
    pub fn text(&self) -> &str {
        self.0.expose_secret()
    }
}

/// The one key of the request. The same key twice is one key; two different
/// ones, or a header that can't be read, are refused.
pub fn presented_key(headers: &HeaderMap) -> Result<PresentedKey, Refusal> {
    let mut found: Option<PresentedKey> = None;
    let mut take = |key: SecretString| match &found {
        Some(known) if known.text() != key.expose_secret() => Err(Refusal::ConflictingCredentials),
        _ => {
            found = Some(PresentedKey(key));
            Ok(())
        }
    };
    for value in headers.get_all(AUTHORIZATION) {
        take(from_authorization(value)?)?;
    }
    for name in &BARE {
        for value in headers.get_all(name) {
            take(text(value)?.into())?;
        }
    }
    found.ok_or(Refusal::MissingKey)
}

fn from_authorization(value: &HeaderValue) -> Result<SecretString, Refusal> {
    let value = text(value)?;
    let (scheme, rest) = value.split_once(' ').ok_or(Refusal::InvalidKey)?;
    let rest = rest.trim_start_matches(' ');
    if scheme.eq_ignore_ascii_case("bearer") {
        return Ok(rest.into());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(Refusal::InvalidKey);
    }
    let decoded = zeroize::Zeroizing::new(BASE64_STANDARD.decode(rest).map_err(|_| Refusal::InvalidKey)?);
    let pair = std::str::from_utf8(&decoded).map_err(|_| Refusal::InvalidKey)?;
    let (user, password) = pair.split_once(':').ok_or(Refusal::InvalidKey)?;
    if user == "api-key" { Ok(password.into()) } else { Err(Refusal::InvalidKey) }
}

fn text(value: &HeaderValue) -> Result<&str, Refusal> {
    value.to_str().map(str::trim).map_err(|_| Refusal::InvalidKey)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn request(pairs: &[(&'static str, &str)]) -> Result<String, Refusal> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        presented_key(&headers).map(|key| key.text().to_owned())
    }

    #[test]
    fn every_accepted_place_is_read() {
        let basic = format!("Basic {}", BASE64_STANDARD.encode("api-key:sk-1"));
        for pair in [
            ("authorization", "Bearer sk-1"),
            ("authorization", "bearer  sk-1"),
            ("authorization", basic.as_str()),
            ("x-api-key", "sk-1"),
            ("api-key", "sk-1"),
        ] {
            assert_eq!(request(&[pair]), Ok("sk-1".into()), "{pair:?}");
        }
        assert_eq!(request(&[("authorization", "Bearer sk-1"), ("x-api-key", "sk-1")]), Ok("sk-1".into()));
    }

    #[test]
    fn nothing_or_two_different_keys_are_refused() {
        assert_eq!(request(&[]), Err(Refusal::MissingKey));
        for pairs in [
            [("authorization", "Bearer sk-1"), ("x-api-key", "sk-2")],
            [("authorization", "Bearer sk-1"), ("authorization", "Bearer sk-2")],
            [("x-api-key", "sk-1"), ("x-api-key", "sk-2")],
        ] {
            assert_eq!(request(&pairs), Err(Refusal::ConflictingCredentials));
        }
        let other_user = format!("Basic {}", BASE64_STANDARD.encode("root:sk-1"));
        for wrong in ["sk-1", "Digest sk-1", "Basic !!!", "Basic", other_user.as_str()] {
            assert_eq!(request(&[("authorization", wrong)]), Err(Refusal::InvalidKey), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_header_is_answered(bytes in prop::collection::vec(32u8..=255, 0..60), scheme in "(Basic |Bearer |)") {
            let value = [scheme.as_bytes(), &bytes].concat();
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                let mut headers = HeaderMap::new();
                headers.insert(AUTHORIZATION, value);
                let _ = presented_key(&headers);
            }
        }
    }
}
