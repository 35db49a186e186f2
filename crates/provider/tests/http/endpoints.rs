//! Reading base URLs.

use keyward_provider::http::{Endpoint, EndpointError};

#[test]
fn a_base_url_is_taken_apart() {
    for (url, path, authority, shown) in [
        ("https://api.openai.com/v1", "/v1", "api.openai.com", "https://api.openai.com:443/v1"),
        ("https://API.example.com:8443/a/b//", "/a/b", "api.example.com:8443", "https://api.example.com:8443/a/b"),
        ("http://example.com", "", "example.com", "http://example.com:80"),
        ("http://example.com:80/", "", "example.com", "http://example.com:80"),
        ("http://[2001:DB8::1]:81/x", "/x", "[2001:db8::1]:81", "http://[2001:db8::1]:81/x"),
        ("http://0x7f.1/x/../y", "/y", "127.0.0.1", "http://127.0.0.1:80/y"),
        ("https://bücher.example", "", "xn--bcher-kva.example", "https://xn--bcher-kva.example:443"),
    ] {
        let endpoint = Endpoint::parse(url).unwrap();
        assert_eq!(endpoint.path(), path, "{url}");
        assert_eq!(endpoint.authority(), authority, "{url}");
        assert_eq!(endpoint.to_string(), shown, "{url}");
    }
}

#[test]
fn a_base_url_that_means_something_else_is_refused() {
    for (url, error) in [
        ("", EndpointError::NotAUrl),
        ("api.openai.com/v1", EndpointError::NotAUrl),
        ("/v1", EndpointError::NotAUrl),
        ("https://", EndpointError::NotAUrl),
        ("https://a b/", EndpointError::NotAUrl),
        (" https://example.com", EndpointError::NotAUrl),
        ("https://exam\tple.com", EndpointError::NotAUrl),
        ("https://example.com/\n", EndpointError::NotAUrl),
        ("https:\\\\example.com", EndpointError::NotAUrl),
        ("https://256.256.256.256", EndpointError::NotAUrl),
        ("https://example.com:99999", EndpointError::NotAUrl),
        ("ftp://example.com", EndpointError::Scheme),
        ("file:///etc/passwd", EndpointError::Scheme),
        ("localhost:8080", EndpointError::Scheme),
        ("https://user@example.com", EndpointError::UserInfo),
        ("https://user:pass@example.com", EndpointError::UserInfo),
        ("https://:pass@example.com", EndpointError::UserInfo),
        ("https://example.com?a", EndpointError::QueryOrFragment),
        ("https://example.com/?", EndpointError::QueryOrFragment),
        ("https://example.com/#", EndpointError::QueryOrFragment),
    ] {
        assert_eq!(Endpoint::parse(url), Err(error), "{url:?}");
    }
}
