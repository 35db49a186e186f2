//! What was just done, told on the next page: kept for one page in a cookie of
//! its own, since a redirect carries nothing else.

use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use keyward_web::cookie;
use serde_json::{Value, json};

use crate::respond::to;

const NAME: &str = "__Host-keyward-toast";
/// Within which it must be read, in seconds.
const LASTS: i64 = 60;
/// Longest text, in characters: a name is at most 120.
const MAX_CHARS: usize = 400;

/// What was just done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// The sentence.
    pub text: String,
    /// Where more is to be seen, and what that is called.
    pub link: Option<(String, String)>,
}

/// To another page, which tells what was done.
pub fn to_telling(path: &str, text: impl Into<String>) -> Response {
    to_telling_with(path, Toast { text: text.into(), link: None })
}

/// To another page, which tells what was done and links to it.
pub fn to_telling_with(path: &str, toast: Toast) -> Response {
    let mut response = to(path);
    let text: String = toast.text.chars().take(MAX_CHARS).collect();
    let value = BASE64_URL_SAFE_NO_PAD.encode(json!([text, toast.link]).to_string());
    response.headers_mut().append(header::SET_COOKIE, cookie::set(NAME, &value, LASTS));
    response
}

/// Whether a request brings one along.
pub fn is_waiting(headers: &HeaderMap) -> bool {
    cookie::named(headers, NAME).is_some_and(|value| !value.is_empty())
}

/// The header that takes it back once it was told.
pub fn clear() -> HeaderValue {
    cookie::set(NAME, "", 0)
}

/// What a request brings along. A link leads to this site only.
pub fn waiting(headers: &HeaderMap) -> Option<Toast> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(cookie::named(headers, NAME)?).ok()?;
    let value: Value = serde_json::from_slice(&bytes).ok()?;
    let text = value.get(0)?.as_str()?.to_owned();
    let link = value.get(1).and_then(Value::as_array).and_then(|link| match link.as_slice() {
        [Value::String(path), Value::String(label)] if is_local(path) => Some((path.clone(), label.clone())),
        _ => None,
    });
    Some(Toast { text, link })
}

/// Whether a path stays on this site.
pub fn is_local(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && path.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_toast_comes_back_as_it_was_sent_and_leads_nowhere_else() {
        let toast = |path: &str| Toast { text: "Grüße <b>".into(), link: Some((path.into(), "Open".into())) };
        let read = |toast: Toast| {
            let response = to_telling_with("/projects", toast);
            let set = response.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, set.parse().unwrap());
            waiting(&headers).unwrap()
        };
        assert_eq!(read(toast("/projects/x")), toast("/projects/x"));
        for elsewhere in ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"] {
            assert_eq!(read(toast(elsewhere)).link, None, "{elsewhere}");
        }
    }
}
