//! Which headers cross the gate. What a caller sends reaches the provider
//! unless it belongs to one connection, tells where the caller is, or is one of
//! Keyward's own; what a provider answers reaches the caller unless it belongs
//! to one connection, to the provider's own site, or to the account behind
//! Keyward's credential.
//!
//! The credential itself is not put in here: see [`crate::target`].

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// Where a provider's own id of a call stands in Keyward's answer:
/// `x-request-id` (and Anthropic's `request-id`) are Keyward's.
pub const PROVIDER_REQUEST_ID: HeaderName = HeaderName::from_static("x-provider-request-id");

/// What providers call theirs.
const REQUEST_IDS: [HeaderName; 2] = [HeaderName::from_static("x-request-id"), HeaderName::from_static("request-id")];

/// The version asked of Anthropic when the caller names none.
pub const ANTHROPIC_VERSION: HeaderName = HeaderName::from_static("anthropic-version");
/// See [`ANTHROPIC_VERSION`].
pub const DEFAULT_ANTHROPIC_VERSION: HeaderValue = HeaderValue::from_static("2023-06-01");

/// Those of the caller's headers that the provider may see, one after another.
pub fn to_provider(caller: &HeaderMap) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
    let named = NamedByConnection::of(caller);
    caller.iter().filter(move |(name, _)| {
        let name = name.as_str();
        !belongs_to_connection(name) && !named.holds(name) && stays_from_caller(name)
    })
}

/// The provider's headers as the caller may see them.
pub fn to_caller(mut provider: HeaderMap) -> HeaderMap {
    let named = NamedByConnection::of(&provider);
    let stops = |name: &str| belongs_to_connection(name) || named.holds(name) || stops_from_provider(name);
    // Mostly a few of many: those that pass stay where they are.
    let stopped: Vec<_> = provider.keys().filter(|name| stops(name.as_str())).cloned().collect();
    for name in stopped {
        provider.remove(name);
    }
    for name in &REQUEST_IDS {
        let ids: Vec<_> = provider.get_all(name).iter().cloned().collect();
        for id in ids {
            provider.remove(name);
            provider.append(PROVIDER_REQUEST_ID, id);
        }
    }
    provider
}

/// RFC 9110, 7.6.1, and what frames a body, which each side writes for itself.
fn belongs_to_connection(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "keep-alive"
            | "te"
            | "trailer"
            | "upgrade"
            | "transfer-encoding"
            | "content-length"
            | "http2-settings"
    ) || name.starts_with("proxy-")
}

/// Whether a header of the caller's goes on to the provider.
fn stays_from_caller(name: &str) -> bool {
    let stops = matches!(
        name,
        // The way here.
        "host" | "forwarded" | "via" | "x-real-ip" | "true-client-ip" | "client-ip" | "x-client-ip"
            | "x-cluster-client-ip" | "cdn-loop" | "x-original-url" | "x-rewrite-url"
            // The browser.
            | "cookie" | "origin" | "referer" | "dnt" | "priority" | "upgrade-insecure-requests"
            // The conversation with Keyward.
            | "expect" | "accept-encoding" | "x-request-id" | "x-client-request-id"
            // Whose call it is.
            | "authorization" | "x-api-key" | "api-key" | "openai-organization" | "openai-project"
            | "x-goog-api-key" | "x-goog-user-project"
    );
    let foreign = ["x-forwarded-", "x-envoy-", "x-amzn-", "cf-", "sec-", "access-control-", "keyward-"]
        .iter()
        .any(|prefix| name.starts_with(prefix));
    !stops && !foreign
}

fn stops_from_provider(name: &str) -> bool {
    matches!(
        name,
        // The provider's site and the way from there.
        "set-cookie" | "server" | "via" | "alt-svc" | "strict-transport-security" | "nel" | "report-to"
            | "x-powered-by" | "content-security-policy"
            | "clear-site-data"
            // Orders to the web server in front of Keyward: to answer with a file of its own.
            | "x-accel-redirect" | "x-sendfile" | "x-lighttpd-send-file" | "x-reproxy-url"
            // A redirect would carry the caller's API key to another host.
            | "location" | "refresh" | "content-location"
            // Said of Keyward's credential, not of the caller's key.
            | "www-authenticate" | "openai-organization" | "openai-project" | "anthropic-organization-id"
    ) || ["x-ratelimit-", "anthropic-ratelimit-", "access-control-", "cf-", "x-envoy-", "keyward-"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}

/// The headers that `Connection` makes hop-by-hop; almost always none.
struct NamedByConnection<'a>(Vec<&'a str>);

impl<'a> NamedByConnection<'a> {
    fn of(headers: &'a HeaderMap) -> Self {
        let values = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
        let names = values.flat_map(|value| value.split(',')).map(str::trim);
        Self(names.filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("keep-alive")).collect())
    }

    fn holds(&self, name: &str) -> bool {
        self.0.iter().any(|named| name.eq_ignore_ascii_case(named))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        lines.iter().map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v))).collect()
    }

    fn append_map(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn what_the_provider_needs_passes() {
        for name in [
            "content-type",
            "content-encoding",
            "accept",
            "user-agent",
            "anthropic-beta",
            "anthropic-version",
            "openai-beta",
            "x-stainless-lang",
            "x-stainless-retry-count",
            "x-custom",
            "traceparent",
        ] {
            assert_eq!(to_provider(&map(&[(name, "v")])).count(), 1, "{name}");
        }
    }

    #[test]
    fn what_is_the_callers_or_keywards_own_stops() {
        for name in [
            "authorization",
            "x-api-key",
            "api-key",
            "x-goog-api-key",
            "x-goog-user-project",
            "openai-organization",
            "openai-project",
            "connection",
            "keep-alive",
            "te",
            "trailer",
            "upgrade",
            "proxy-authorization",
            "proxy-connection",
            "transfer-encoding",
            "content-length",
            "host",
            "expect",
            "accept-encoding",
            "cookie",
            "origin",
            "referer",
            "sec-fetch-mode",
            "forwarded",
            "x-forwarded-for",
            "x-forwarded-host",
            "x-real-ip",
            "via",
            "cf-connecting-ip",
            "cf-ray",
            "x-request-id",
            "x-client-request-id",
        ] {
            assert_eq!(to_provider(&map(&[(name, "v")])).count(), 0, "{name}");
        }
    }

    #[test]
    fn what_connection_names_stops_in_both_directions() {
        let headers = append_map(&[
            ("connection", "keep-alive, X-Hop"),
            ("connection", " x-second ,"),
            ("x-hop", "1"),
            ("x-second", "2"),
            ("x-kept", "3"),
        ]);
        let passed: Vec<_> = to_provider(&headers).map(|(name, _)| name.as_str()).collect();
        assert_eq!(passed, ["x-kept"]);
        let passed = to_caller(headers);
        assert_eq!(passed.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["x-kept"]);
    }

    #[test]
    fn answers_keep_what_describes_them() {
        for name in [
            "content-type",
            "content-encoding",
            "retry-after",
            "retry-after-ms",
            "x-should-retry",
            "openai-processing-ms",
            "openai-version",
            "date",
        ] {
            assert!(to_caller(map(&[(name, "v")])).contains_key(name), "{name}");
        }
    }

    #[test]
    fn answers_lose_what_belongs_to_the_providers_account_site_or_connection() {
        for name in [
            "set-cookie",
            "server",
            "alt-svc",
            "strict-transport-security",
            "x-ratelimit-remaining-tokens",
            "anthropic-ratelimit-requests-limit",
            "openai-organization",
            "openai-project",
            "anthropic-organization-id",
            "transfer-encoding",
            "content-length",
            "connection",
            "keep-alive",
            "proxy-authenticate",
            "location",
            "access-control-allow-origin",
            "cf-ray",
            "x-accel-redirect",
            "x-sendfile",
            "clear-site-data",
            "proxy-authentication-info",
        ] {
            assert!(to_caller(map(&[(name, "v")])).is_empty(), "{name}");
        }
    }

    #[test]
    fn the_providers_request_id_moves_aside() {
        for name in ["x-request-id", "request-id"] {
            let passed = to_caller(map(&[(name, "req_1")]));
            assert_eq!(passed.len(), 1);
            assert_eq!(passed[PROVIDER_REQUEST_ID], "req_1");
        }
    }

    #[test]
    fn repeated_headers_stay_repeated() {
        let headers = append_map(&[("anthropic-beta", "a"), ("x-request-id", "1"), ("anthropic-beta", "b")]);
        let values: Vec<_> = to_provider(&headers).map(|(_, value)| value.as_bytes()).collect();
        assert_eq!(values, [b"a", b"b"]);
        let passed = to_caller(headers);
        assert_eq!(passed.get_all("anthropic-beta").iter().count(), 2);
        assert_eq!(passed.len(), 3);
    }
}
