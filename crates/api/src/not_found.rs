//! Answers for addresses and methods that don't exist. Strangers are told
//! nothing about which do.

use axum::http::{Method, StatusCode, Uri};

use crate::{ApiError, extract::AdminActor};

/// Any path without a route.
pub async fn unknown_url(method: Method, uri: Uri, actor: Result<AdminActor, ApiError>) -> ApiError {
    match actor {
        Err(refusal) if uri.path().starts_with("/v1/") => refusal,
        _ => {
            let path: String = uri.path().chars().take(200).collect();
            ApiError::new(
                StatusCode::NOT_FOUND,
                "unknown_url",
                format!("Unknown request URL: {method} {path}. See /openapi.json for what there is."),
            )
        }
    }
}

/// A known path with another method.
pub async fn method_not_allowed(method: Method, uri: Uri, actor: Result<AdminActor, ApiError>) -> ApiError {
    match actor {
        Err(refusal) if uri.path().starts_with("/v1/") => refusal,
        _ => ApiError::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            format!("{method} isn't possible here. The Allow header says what is."),
        ),
    }
}
