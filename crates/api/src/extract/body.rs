//! Request bodies of the admin API: JSON, at most 1 MiB, read strictly.

use std::io::ErrorKind;

use axum::{
    body::{Bytes, to_bytes},
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode, header},
};
use keyward_service::idempotency::Idempotency;
use serde::{Deserialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::strict;
pub use super::strict::{needed_object, object, objects, present, present_object};
use crate::{Api, ApiError};

/// Largest body of the admin API, in bytes.
const LIMIT: usize = 1024 * 1024;

/// A JSON body.
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Api> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &Api) -> Result<Self, ApiError> {
        let body = read_bytes(request).await?;
        Ok(Self(strict::read(&body)?))
    }
}

/// A body with nothing to say.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmptyBody {}

/// The JSON body of a request that creates something, with its
/// `Idempotency-Key`.
pub struct Creating<T> {
    /// What to create.
    pub body: T,
    /// Guards against creating it twice.
    pub idempotency: Option<Idempotency>,
}

impl<T: DeserializeOwned> FromRequest<Api> for Creating<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &Api) -> Result<Self, ApiError> {
        let key = idempotency_key(request.headers())?;
        let mut hash = Sha256::new();
        hash.update(request.method().as_str());
        hash.update(b" ");
        hash.update(request.uri().path());
        hash.update(b"\n");
        let bytes = read_bytes(request).await?;
        hash.update(&bytes);
        let idempotency = key.map(|key| Idempotency { key, request_hash: hash.finalize().into() });
        Ok(Self { body: strict::read(&bytes)?, idempotency })
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else { return Ok(None) };
    let key =
        value.to_str().ok().filter(|key| (1..=255).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()));
    match (key, values.next()) {
        (Some(key), None) => Ok(Some(key.to_owned())),
        _ => Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "invalid_value",
            "Idempotency-Key must be one value of 1 to 255 visible ASCII characters.",
        )
        .param("Idempotency-Key")),
    }
}

/// The whole body. It may take its time; whoever changes something must still
/// be allowed to when it is whole, which the change itself checks.
async fn read_bytes(request: Request) -> Result<Bytes, ApiError> {
    check_headers(request.headers())?;
    let length =
        request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let too_large = || {
        ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            format!("The body is larger than {LIMIT} bytes."),
        )
    };
    if length.is_some_and(|length| length > LIMIT) {
        return Err(too_large());
    }
    to_bytes(request.into_body(), LIMIT).await.map_err(|error| {
        let limited =
            std::error::Error::source(&error).is_some_and(|source| source.is::<http_body_util::LengthLimitError>());
        if limited { too_large() } else { incomplete(&error) }
    })
}

/// Why a body isn't whole. Who reads the connection says so by the kind of an
/// I/O error.
fn incomplete(error: &(dyn std::error::Error + 'static)) -> ApiError {
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    let told = causes.find_map(|error| error.downcast_ref::<std::io::Error>());
    match told.map(|told| (told.kind(), told.to_string())) {
        Some((ErrorKind::TimedOut, message)) => ApiError::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", message),
        Some((ErrorKind::QuotaExceeded, message)) => {
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_requests_held", message)
        }
        _ => ApiError::new(StatusCode::BAD_REQUEST, "incomplete_body", "The body ended before it was complete."),
    }
}

fn check_headers(headers: &HeaderMap) -> Result<(), ApiError> {
    let unsupported =
        |message: &str| ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message);
    if headers.get_all(header::CONTENT_ENCODING).iter().any(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"))
    {
        return Err(unsupported("Compressed bodies aren't accepted here. Send plain JSON."));
    }
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    match (types.next(), types.next()) {
        // Nothing to say about an empty body; another one is read as JSON or refused.
        (None, _) => Ok(()),
        (Some(value), None) if value.to_str().is_ok_and(is_json) => Ok(()),
        _ => Err(unsupported("The body must be JSON: send Content-Type: application/json (in UTF-8).")),
    }
}

fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"))
        && parts.all(|parameter| {
            let lower = parameter.to_ascii_lowercase();
            matches!(lower.as_str(), "charset=utf-8" | "charset=\"utf-8\"" | "")
        })
}

#[cfg(test)]
mod tests {
    use std::io::Error;

    use axum::{body::Body, response::IntoResponse};

    use super::*;

    #[tokio::test]
    async fn a_body_that_is_given_up_says_why() {
        for (kind, status) in [
            (ErrorKind::TimedOut, StatusCode::REQUEST_TIMEOUT),
            (ErrorKind::QuotaExceeded, StatusCode::SERVICE_UNAVAILABLE),
            (ErrorKind::UnexpectedEof, StatusCode::BAD_REQUEST),
        ] {
            let pieces = futures_util::stream::iter([Ok(Bytes::from_static(b"{")), Err(Error::new(kind, "x"))]);
            let request = Request::builder()
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from_stream(pieces))
                .unwrap();
            let refused = read_bytes(request).await.unwrap_err().into_response();
            assert_eq!(refused.status(), status);
            assert_eq!(refused.headers().contains_key(header::RETRY_AFTER), status == 503);
        }
    }
}
