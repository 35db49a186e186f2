//! The response head (RFC 9112), found and parsed. Pure. httparse reads the
//! syntax; this adds what it lets pass (bare LF, leading empty lines) and
//! decides how the body is framed, refusing every head that two readers could
//! frame differently. What belongs to the connection (framing, hop-by-hop and
//! the headers that `Connection` names) never reaches the caller.

use std::mem::MaybeUninit;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::error::Malformed;

/// The longest head, in bytes, its final empty line included.
pub const MAX_HEAD: usize = 16 * 1024;
const MAX_HEADERS: usize = 100;

/// How a body is delimited (RFC 9112, 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyKind {
    /// There is none, whatever the headers say.
    Empty,
    /// Exactly so many bytes.
    Length(u64),
    /// The chunked coding.
    Chunked,
    /// All that comes until the connection is closed.
    UntilClose,
}

/// A parsed head.
pub struct ResponseHead {
    /// 100–599.
    pub status: StatusCode,
    /// Without framing and hop-by-hop headers.
    pub headers: HeaderMap,
    /// How the body is delimited.
    pub body: BodyKind,
    /// Whether the peer lets the connection serve another request.
    pub keep_alive: bool,
}

/// Looks for the end of a head: `Some(n)` when the first `n` bytes are it.
/// The first `scanned` bytes were searched before. An error as early as
/// possible: a peer that speaks something else isn't waited for.
pub fn find_end(bytes: &[u8], scanned: usize) -> Result<Option<usize>, Malformed> {
    if bytes.iter().zip(b"HTTP/1.").any(|(is, must)| is != must) {
        return Err(Malformed::new("it doesn't begin with an HTTP/1 status line"));
    }
    let too_long = Err(Malformed::new("its head is longer than 16 KB"));
    let unsearched = bytes.get(scanned..).unwrap_or_default();
    for at in memchr::memchr_iter(b'\n', unsearched) {
        let at = scanned + at;
        let before = bytes.get(..at).unwrap_or_default();
        if !before.ends_with(b"\r") {
            return Err(Malformed::new("a line of its head doesn't end in CRLF"));
        }
        if before.ends_with(b"\r\n\r") {
            let end = at + 1;
            return if end > MAX_HEAD { too_long } else { Ok(Some(end)) };
        }
    }
    if bytes.len() >= MAX_HEAD { too_long } else { Ok(None) }
}

/// Parses exactly one head, as [`find_end`] delimits it. `bodiless` says that
/// the request was a HEAD. Header values share `head`'s memory.
pub fn parse(head: &Bytes, bodiless: bool) -> Result<ResponseHead, Malformed> {
    let mut slots = [const { MaybeUninit::uninit() }; MAX_HEADERS];
    let mut parsed = httparse::Response::new(&mut []);
    let status = httparse::ParserConfig::default()
        .parse_response_with_uninit_headers(&mut parsed, head, &mut slots)
        .map_err(|error| Malformed::new(describe(error)))?;
    if status != httparse::Status::Complete(head.len()) {
        return Err(Malformed::new("its head doesn't end where it should"));
    }
    let code = parsed.code.unwrap_or_default();
    let status = StatusCode::from_u16(code)
        .ok()
        .filter(|status| status.as_u16() < 600)
        .ok_or(Malformed::new("its status code is not within 100-599"))?;

    // With room for what the reader adds to them.
    let mut headers = HeaderMap::with_capacity(parsed.headers.len() + 4);
    let mut framing = Framing::default();
    for header in parsed.headers.iter() {
        let name = HeaderName::from_bytes(header.name.as_bytes())
            .map_err(|_| Malformed::new("a header's name is not valid"))?;
        if framing.read(&name, header.value)? || is_hop_by_hop(&name) {
            continue;
        }
        let value = HeaderValue::from_maybe_shared(head.slice_ref(header.value))
            .map_err(|_| Malformed::new("a header's value is not valid"))?;
        headers.append(name, value);
    }
    for name in &framing.named_by_connection {
        headers.remove(name);
    }
    let is_1_1 = parsed.version == Some(1);
    Ok(ResponseHead {
        status,
        headers,
        body: framing.body(status, is_1_1, bodiless)?,
        keep_alive: is_1_1 && !framing.close,
    })
}

/// Headers that belong to one connection and are never passed on, in either
/// direction (RFC 9110, 7.6.1).
pub(super) fn is_hop_by_hop(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "proxy-connection"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    )
}

/// What the head says about the connection and the body's end.
#[derive(Default)]
struct Framing {
    length: Option<u64>,
    chunked: bool,
    close: bool,
    named_by_connection: Vec<HeaderName>,
}

impl Framing {
    /// Takes a header that is about framing; `false` when it isn't.
    fn read(&mut self, name: &HeaderName, value: &[u8]) -> Result<bool, Malformed> {
        if name == CONTENT_LENGTH {
            if self.length.is_some() {
                return Err(Malformed::new("it has several Content-Length headers"));
            }
            self.length = Some(content_length(value).ok_or(Malformed::new("its Content-Length is not one number"))?);
        } else if name == TRANSFER_ENCODING {
            if self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(Malformed::new("its Transfer-Encoding is something else than chunked"));
            }
            self.chunked = true;
        } else if name == CONNECTION {
            for option in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
                if option.eq_ignore_ascii_case(b"close") {
                    self.close = true;
                } else if let Ok(name) = HeaderName::from_bytes(option)
                    && name != "keep-alive"
                {
                    self.named_by_connection.push(name);
                }
            }
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn body(&self, status: StatusCode, is_1_1: bool, bodiless: bool) -> Result<BodyKind, Malformed> {
        if self.chunked && self.length.is_some() {
            return Err(Malformed::new("it has both Transfer-Encoding and Content-Length"));
        }
        if self.chunked && !is_1_1 {
            return Err(Malformed::new("it is HTTP/1.0 with Transfer-Encoding"));
        }
        let never = bodiless
            || status.is_informational()
            || status == StatusCode::NO_CONTENT
            || status == StatusCode::NOT_MODIFIED;
        Ok(match self.length {
            _ if never => BodyKind::Empty,
            _ if self.chunked => BodyKind::Chunked,
            Some(0) => BodyKind::Empty,
            Some(length) => BodyKind::Length(length),
            None => BodyKind::UntilClose,
        })
    }
}

/// Digits only, at most 19 of them (which can't overflow).
fn content_length(value: &[u8]) -> Option<u64> {
    if value.is_empty() || value.len() > 19 {
        return None;
    }
    value.iter().try_fold(0, |length: u64, byte| byte.is_ascii_digit().then(|| length * 10 + u64::from(byte - b'0')))
}

fn describe(error: httparse::Error) -> &'static str {
    match error {
        httparse::Error::HeaderName => "a header's name is not valid",
        httparse::Error::HeaderValue => "a header's value is not valid",
        httparse::Error::NewLine => "a line of its head doesn't end in CRLF",
        httparse::Error::Status => "its status line is not valid",
        httparse::Error::Token => "its head holds a byte that is not allowed there",
        httparse::Error::TooManyHeaders => "it has more than 100 headers",
        httparse::Error::Version => "its version is neither HTTP/1.1 nor HTTP/1.0",
    }
}
