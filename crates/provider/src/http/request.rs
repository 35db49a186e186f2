//! A request as the caller gives it and as it stands on the wire. Framing and
//! Host are written here and nowhere else, so no header of an application can
//! smuggle a second request to a provider.

use std::io::Write as _;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::error::SendError;
use super::head::is_hop_by_hop;

/// A request's headers. They are asked for when the request is written: who has
/// them elsewhere needn't gather them in a map of their own.
pub trait Headers: Sync {
    /// Hands each to `put`, in the order in which they are to be written.
    fn each(&self, put: &mut dyn FnMut(&HeaderName, &HeaderValue));
}

impl Headers for HeaderMap {
    fn each(&self, put: &mut dyn FnMut(&HeaderName, &HeaderValue)) {
        self.iter().for_each(|(name, value)| put(name, value));
    }
}

/// One request to an [`super::Endpoint`].
#[derive(Clone)]
pub struct OutgoingRequest<'a> {
    /// Anything but CONNECT.
    pub method: Method,
    /// Origin form, the endpoint's base path included: `/v1/models?limit=2`.
    pub target: &'a str,
    /// End-to-end headers. Host, framing, `Expect` and hop-by-hop headers
    /// found here are left out.
    pub headers: &'a dyn Headers,
    /// The whole body.
    pub body: Bytes,
}

impl OutgoingRequest<'_> {
    /// Refuses what would break the request line.
    pub(super) fn check(&self) -> Result<(), SendError> {
        let invalid = |what| Err(SendError::InvalidRequest { what });
        if self.method == Method::CONNECT {
            return invalid("CONNECT is not for providers");
        }
        if !self.target.starts_with('/') {
            return invalid("its target doesn't begin with '/'");
        }
        if self.target.bytes().any(|b| !b.is_ascii_graphic() || b == b'#') {
            return invalid("its target holds a character that must be percent-encoded");
        }
        Ok(())
    }

    /// Appends the head to `out`.
    pub(super) fn write_head(&self, authority: &str, out: &mut Vec<u8>) {
        for part in [self.method.as_str(), " ", self.target, " HTTP/1.1\r\nhost: ", authority, "\r\n"] {
            out.extend_from_slice(part.as_bytes());
        }
        let expects_body = [Method::POST, Method::PUT, Method::PATCH].contains(&self.method);
        if expects_body || !self.body.is_empty() {
            // Writing to a vector can't fail.
            let _ = write!(out, "content-length: {}\r\n", self.body.len());
        }
        self.headers.each(&mut |name, value| {
            let is_ours = matches!(name.as_str(), "host" | "content-length" | "expect");
            if is_ours || is_hop_by_hop(name) {
                return;
            }
            for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
                out.extend_from_slice(part);
            }
        });
        out.extend_from_slice(b"\r\n");
    }
}
