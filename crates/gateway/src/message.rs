//! Whether a request is one message to everybody who reads it: exactly one
//! `Host`, and one way to tell where its body ends. Two readers that disagree
//! would let a second request hide in the first.

use http::{HeaderValue, Method, Uri, Version, header, request};

use crate::{
    error::CallError,
    socket::{ChunkedHead, Wire},
};

/// What must happen to the connection after an answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// Another request may follow.
    Open,
    /// What follows can't be trusted.
    Close,
}

/// Refuses what can be read in two ways.
pub(crate) fn check(head: &request::Parts, wire: &Wire) -> Result<After, CallError> {
    let refuse = |message| Err(CallError::bad_request("malformed_request", message));
    let mut hosts = head.headers.get_all(header::HOST).iter();
    let is_one = hosts.next().is_some_and(is_host) && hosts.next().is_none();
    if !is_one {
        return refuse("The request must have exactly one Host header, with a value.");
    }
    if head.version != Version::HTTP_11 && head.version != Version::HTTP_10 {
        return refuse("The request must be HTTP/1.1.");
    }
    let mut codings = head.headers.get_all(header::TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next() else { return Ok(After::Open) };
    if !coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked") || codings.next().is_some() {
        return refuse("The request's body must come with a Content-Length, or with Transfer-Encoding: chunked alone.");
    }
    match wire.chunked_head() {
        ChunkedHead::Clear => Ok(After::Open),
        ChunkedHead::Unseen => Ok(After::Close),
        ChunkedHead::TwoLengths => {
            refuse("The request has both Transfer-Encoding and Content-Length. Send one of them.")
        }
    }
}

/// The same for a request of HTTP/2, whose framing leaves no two readings but
/// whom it is for. Makes it look like any other: one `Host`, and a path.
pub(crate) fn check_http2(head: &mut request::Parts) -> Result<(), CallError> {
    let refuse = |message| Err(CallError::bad_request("malformed_request", message));
    if head.method == Method::CONNECT {
        return refuse("There is no tunnel here: CONNECT isn't answered.");
    }
    let mut hosts = head.headers.get_all(header::HOST).iter();
    let (host, another) = (hosts.next(), hosts.next());
    let authority = head.uri.authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    let is_one = match (&authority, host) {
        (Some(authority), Some(host)) => authority.as_bytes().eq_ignore_ascii_case(host.as_bytes()),
        (None, None) => false,
        _ => another.is_none(),
    };
    let host = authority.or_else(|| host.cloned()).filter(|host| is_one && another.is_none() && is_host(host));
    let Some(host) = host else {
        return refuse("The request must say whom it is for, once: in :authority, or in Host with the same value.");
    };
    let path = head.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let Ok(uri) = path.parse::<Uri>() else { return refuse("The request's :path can't be read.") };
    head.uri = uri;
    head.headers.insert(header::HOST, host);
    Ok(())
}

fn is_host(value: &HeaderValue) -> bool {
    let host = value.as_bytes();
    !host.is_empty() && host.iter().all(|byte| byte.is_ascii_graphic() && *byte != b',' && *byte != b'/')
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn a_request_of_http_2_is_for_one_host() {
        let check = |uri: &str, hosts: &[&str]| {
            let mut request = Request::builder().uri(uri);
            for host in hosts {
                request = request.header("host", *host);
            }
            let (mut head, ()) = request.body(()).unwrap().into_parts();
            check_http2(&mut head).map(|()| format!("{} {}", head.headers["host"].to_str().unwrap(), head.uri))
        };
        assert_eq!(check("http://a.example:1/v1/models?x=y", &[]).unwrap(), "a.example:1 /v1/models?x=y");
        assert_eq!(check("https://a.example", &["A.example"]).unwrap(), "a.example /");
        assert_eq!(check("/v1/models", &["a"]).unwrap(), "a /v1/models");
        for (uri, hosts) in
            [("/", &[][..]), ("http://a/", &["b"]), ("http://a/", &["a", "a"]), ("/", &["a", "a"]), ("/", &["a b"])]
        {
            assert_eq!(check(uri, hosts).unwrap_err().code, "malformed_request", "{uri} {hosts:?}");
        }
    }
}
