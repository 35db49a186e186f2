//! Whether a request is one message to everybody who reads it: exactly one
//! `Host`, and one way to tell where its body ends. Two readers that disagree
//! would let a second request hide in the first.

use http::{HeaderValue, Version, header, request};

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
    if !head.headers.contains_key(header::TRANSFER_ENCODING) {
        return Ok(After::Open);
    }
    match wire.chunked_head() {
        ChunkedHead::Clear => Ok(After::Open),
        ChunkedHead::Unseen => Ok(After::Close),
        ChunkedHead::TwoLengths => {
            refuse("The request has both Transfer-Encoding and Content-Length. Send one of them.")
        }
    }
}

fn is_host(value: &HeaderValue) -> bool {
    let host = value.as_bytes();
    !host.is_empty() && host.iter().all(|byte| byte.is_ascii_graphic() && *byte != b',' && *byte != b'/')
}
