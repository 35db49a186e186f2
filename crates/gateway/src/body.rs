//! Reading the body of a request: whole, within its limit, and not for ever.

use std::{future::poll_fn, pin::Pin};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use http_body::Body as _;

use crate::{error::CallError, form, inbound::Inbound};

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape<'a> {
    Json,
    /// A form, and what parts its fields.
    Form(&'a str),
}

/// How a body with these headers is to be read: JSON in UTF-8, or a form where
/// the operation takes one; not encoded.
pub(crate) fn check_type(headers: &HeaderMap, takes_form: bool) -> Result<Shape<'_>, CallError> {
    let refuse = |message| CallError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message);
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let shape = if takes_form {
        let boundary = form::boundary(headers).ok_or_else(|| {
            refuse("The request's body must be a form. Send it with Content-Type: multipart/form-data and one boundary of letters and digits.")
        })?;
        Shape::Form(boundary)
    } else {
        let is_json = match (types.next(), types.next()) {
            (Some(one), None) => one.to_str().is_ok_and(is_json),
            _ => false,
        };
        if !is_json {
            return Err(refuse(
                "The request's body must be JSON in UTF-8. Send it with Content-Type: application/json.",
            ));
        }
        Shape::Json
    };
    let identity = |value: &http::HeaderValue| value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity");
    if !headers.get_all(header::CONTENT_ENCODING).iter().all(identity) {
        return Err(refuse("The request's body is compressed. Send it as it is, without Content-Encoding."));
    }
    Ok(shape)
}

fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    parts.next().is_some_and(|media| media.eq_ignore_ascii_case("application/json"))
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, value)) => {
                name.trim_end().eq_ignore_ascii_case("charset")
                    && value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
            }
            None => parameter.is_empty(),
        })
}

/// The whole body. One that is too large is refused as soon as that is known;
/// the rest of it isn't waited for.
pub(crate) async fn read(body: &mut Inbound, limit: usize) -> Result<Bytes, CallError> {
    let too_large = || {
        let message = format!("The request's body is larger than the {limit} bytes that are allowed.");
        CallError::new(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", message)
    };
    let announced = body.size_hint();
    if announced.lower() > limit as u64 {
        return Err(too_large());
    }
    let Some(first) = next(body).await? else { return Ok(Bytes::new()) };
    if first.len() > limit {
        return Err(too_large());
    }
    if body.is_end_stream() {
        return Ok(first);
    }
    // Not all that is announced: the memory comes with the bytes.
    let expected = usize::try_from(announced.lower()).unwrap_or(0).min(1 << 20);
    let mut whole = BytesMut::with_capacity(expected.max(first.len() * 2));
    whole.extend_from_slice(&first);
    while let Some(piece) = next(body).await? {
        if piece.len() > limit - whole.len() {
            return Err(too_large());
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

/// The next piece; trailers are passed over.
async fn next(body: &mut Inbound) -> Result<Option<Bytes>, CallError> {
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {
        if let Ok(data) = frame.map_err(|error| CallError::of_body(&error))?.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(lines: &[(&'static str, &'static str)]) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        check_type(&headers, false).err().map(|error| error.code)
    }

    #[test]
    fn only_plain_json_is_taken() {
        for right in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=\"UTF-8\"",
            "application/json;",
        ] {
            assert_eq!(code(&[("content-type", right)]), None, "{right}");
        }
        for wrong in [
            "",
            "text/plain",
            "application/jsonx",
            "application/json; charset=utf-16",
            "application/json; charset=latin1",
            "application/json; boundary=x",
            "application/json, text/plain",
        ] {
            assert_eq!(code(&[("content-type", wrong)]), Some("unsupported_media_type"), "{wrong}");
        }
        let json = ("content-type", "application/json");
        assert!(code(&[]).is_some() && code(&[json, json]).is_some());
        assert!(code(&[json, ("content-encoding", "gzip")]).is_some());
        assert!(code(&[json, ("content-encoding", "identity, gzip")]).is_some());
        assert_eq!(code(&[json, ("content-encoding", "Identity")]), None);
    }
}
