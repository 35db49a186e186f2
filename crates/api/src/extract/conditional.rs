//! `If-Match`: an edit of what was read, or none at all.

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, header, request::Parts},
};

use crate::{Api, ApiError};

/// The version that the caller read, if they say so.
pub struct IfMatch(pub Option<i64>);

impl FromRequestParts<Api> for IfMatch {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else { return Ok(Self(None)) };
        match value.to_str().map(|text| text.trim().trim_matches('"')) {
            Ok("*") => Ok(Self(None)),
            Ok(text) if text.parse::<i64>().is_ok() => Ok(Self(text.parse().ok())),
            _ => Err(ApiError::new(
                StatusCode::BAD_REQUEST,
                "invalid_value",
                "If-Match must be the version as it was read, such as \"3\".",
            )
            .param("If-Match")),
        }
    }
}
