//! The headers of a request: all that name a key name the same one, or the
//! request is refused.

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use keyward_access::{Refusal, presented_key as read};

/// Each line is a header; its first byte says which.
pub fn presented_key(data: &[u8]) {
    let mut headers = HeaderMap::new();
    let mut named = Vec::new();
    for line in data.split(|byte| *byte == b'\n') {
        let Some((which, value)) = line.split_first() else { continue };
        let Ok(value) = HeaderValue::from_bytes(value) else { continue };
        match which % 4 {
            0 => named.push(authorization(value.as_bytes())),
            _ => named.push(plain(value.as_bytes())),
        }
        match which % 4 {
            0 => headers.append(AUTHORIZATION, value),
            1 => headers.append("x-api-key", value),
            2 => headers.append("api-key", value),
            _ => headers.append("X-Api-Key", value),
        };
    }
    match read(&headers) {
        Ok(key) => {
            assert!(!named.is_empty());
            let key = Some(key.text().to_owned());
            assert!(named.iter().all(|named| *named == key), "{named:?}");
        }
        Err(Refusal::MissingKey) => assert!(named.is_empty()),
        Err(Refusal::ConflictingCredentials) => assert!(named.len() > 1),
        Err(refusal) => {
            assert_eq!(refusal, Refusal::InvalidKey);
            assert!(named.contains(&None), "{named:?}");
        }
    }
}

/// What a header says that is the key itself.
fn plain(value: &[u8]) -> Option<String> {
    let is_text = value.iter().all(|byte| *byte == b'\t' || (b' '..=b'~').contains(byte));
    is_text.then(|| String::from_utf8_lossy(value).trim().to_owned())
}

/// `Bearer` and the key, or `Basic` and `api-key:` with the key in base64.
fn authorization(value: &[u8]) -> Option<String> {
    let value = plain(value)?;
    let at = value.find(' ')?;
    let (scheme, rest) = (value[..at].to_ascii_lowercase(), value[at..].trim_start_matches(' '));
    match scheme.as_str() {
        "bearer" => Some(rest.to_owned()),
        "basic" => {
            String::from_utf8(BASE64_STANDARD.decode(rest).ok()?).ok()?.strip_prefix("api-key:").map(str::to_owned)
        }
        _ => None,
    }
}
