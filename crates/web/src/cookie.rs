//! The cookie of a session, and the refusal of requests that another site makes
//! a browser send with it.
//!
//! A cookie is sent by the browser itself, so whoever relies on it must know
//! that the page behind the request is Keyward's own. Browsers say so in
//! `Sec-Fetch-Site`, older ones in `Origin`; one that says neither changes
//! nothing here.

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use keyward_domain::{Timestamp, secret::Token};

use crate::Problem;

/// Only sent back to this very host, over TLS (or to the machine itself), for
/// every path of it, and never shown to a script.
const NAME: &str = "__Host-keyward";

/// The session that a request's cookie names.
pub fn session_token(headers: &HeaderMap) -> Option<Token> {
    named(headers, NAME).and_then(Token::parse)
}

/// The value of a cookie; `None` also if it is there twice: a second one was
/// put there by somebody else.
pub fn named<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut values = pairs
        .flat_map(|pairs| pairs.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value);
    let first = values.next();
    first.filter(|_| values.next().is_none())
}

/// The header that hands a session's secret to the browser until `expires_at`.
pub fn set_session(token: &Token, now: Timestamp, expires_at: Timestamp) -> HeaderValue {
    set(NAME, token.expose(), expires_at.duration_since(now).as_secs())
}

/// The header that takes it back.
pub fn clear_session() -> HeaderValue {
    set(NAME, "", 0)
}

/// A `Set-Cookie` header. `value` is of characters that cookies may hold.
pub fn set(name: &str, value: &str, max_age: i64) -> HeaderValue {
    let text = format!("{name}={value}; Path=/; Max-Age={max_age}; Secure; HttpOnly; SameSite=Lax");
    HeaderValue::from_str(&text).map_or(HeaderValue::from_static(""), |mut value| {
        value.set_sensitive(true);
        value
    })
}

/// Refuses what isn't asked by Keyward's own pages. Looking is harmless:
/// another site doesn't get to see the answer.
pub fn check_same_origin(method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    if matches!(*method, Method::GET | Method::HEAD) || is_same_origin(headers) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "cross_site_request",
        "This request comes from another site. Only Keyward's own pages may change anything with your session; programs use an admin key.",
    ))
}

/// Whether a page is behind the request.
pub fn is_of_browser(headers: &HeaderMap) -> bool {
    headers.contains_key("sec-fetch-site") || headers.contains_key(header::ORIGIN)
}

fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    match text(header::HeaderName::from_static("sec-fetch-site")) {
        Some(site) => site == "same-origin",
        None => {
            // `null` is the origin of sandboxed pages, which are nobody's.
            let origin = text(header::ORIGIN).and_then(|origin| origin.split_once("://"));
            origin.is_some_and(|(_, authority)| {
                text(header::HOST).is_some_and(|host| host.eq_ignore_ascii_case(authority))
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn only_its_own_pages_change_anything() {
        let checked = |method, pairs: &[_]| check_same_origin(&method, &headers(pairs)).is_ok();
        assert!(checked(Method::POST, &[("sec-fetch-site", "same-origin")]));
        assert!(checked(Method::POST, &[("origin", "https://keyward.example:8443"), ("host", "Keyward.example:8443")]));
        assert!(checked(Method::GET, &[("sec-fetch-site", "cross-site")]));
        for foreign in [
            &[("sec-fetch-site", "same-site"), ("origin", "https://a.example"), ("host", "a.example")][..],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "none")],
            &[("origin", "https://evil.example"), ("host", "a.example")],
            &[("origin", "https://a.example.evil.example"), ("host", "a.example")],
            &[("origin", "null"), ("host", "null")],
            &[("host", "a.example")],
            &[],
        ] {
            for method in [Method::POST, Method::DELETE] {
                assert!(!checked(method.clone(), foreign), "{method} {foreign:?}");
            }
        }
    }

    #[test]
    fn a_cookie_that_is_there_twice_is_not_taken() {
        let token = "a".repeat(43);
        let one = HeaderValue::from_str(&format!("x=1; {NAME}={token}; y=2")).unwrap();
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, one.clone());
        assert_eq!(session_token(&headers).unwrap().expose(), token);
        headers.append(header::COOKIE, one);
        assert!(session_token(&headers).is_none());
    }
}
