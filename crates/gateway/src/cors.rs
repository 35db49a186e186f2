//! Which web pages may read the answers. Before it sends a key, a browser asks
//! (a preflight); that is answered for origins that the configuration or any
//! usable key names. It must not let anything through: the key's own list is
//! checked with the call.

use http::{HeaderMap, HeaderValue, Method, header};
use keyward_access::{KeyEntry, KeyIndex};

/// How long a browser may remember, in seconds.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// What a page may read beyond the usual.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "x-request-id, request-id, x-client-request-id, keyward-overhead-us, keyward-attempts, cache-status, age, retry-after, retry-after-ms, x-should-retry, x-provider-request-id",
);

/// The request's web origin, as far as it can be read.
pub(crate) fn origin(headers: &HeaderMap) -> Option<&str> {
    // What isn't text is an origin that no list names.
    headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or("unreadable"))
}

/// Whether this is a browser asking before it calls.
pub(crate) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS
        && headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// The headers of a preflight's answer; without any permission when nobody
/// names the origin.
pub(crate) fn preflight(
    asked: &HeaderMap,
    index: &KeyIndex,
    configured: &[Box<str>],
    method: Option<&'static str>,
) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::VARY, HeaderValue::from_static("origin, access-control-request-headers"));
    let known = origin(asked).is_some_and(|origin| names(configured, origin) || index.any_key_names_origin(origin));
    let (Some(value), Some(method), true) = (asked.get(header::ORIGIN), method, known) else { return headers };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, value.clone());
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(method));
    // Whatever the SDK in the page sends: a header that is allowed decides nothing.
    if let Some(wanted) = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    headers
}

/// Lets the page read this answer, if the configuration or the call's own key
/// names its origin.
pub(crate) fn permit(
    answer: &mut HeaderMap,
    asked: Option<&HeaderValue>,
    configured: &[Box<str>],
    key: Option<&KeyEntry>,
) {
    let Some(value) = asked else { return };
    answer.append(header::VARY, HeaderValue::from_static("origin"));
    let permitted =
        value.to_str().is_ok_and(|origin| names(configured, origin) || key.is_some_and(|key| key.names_origin(origin)));
    if permitted {
        answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, value.clone());
        answer.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
}

fn names(configured: &[Box<str>], origin: &str) -> bool {
    configured.iter().any(|known| known.as_ref() == origin)
}
