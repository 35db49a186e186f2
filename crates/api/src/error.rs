//! Every refusal of the admin API, in OpenAI's envelope:
//! `{"error":{"message","type","param","code"}}`.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use keyward_access::Refusal;
use keyward_domain::Invalid;
use keyward_service::Error;
use keyward_web::Problem;
use serde::Serialize;

/// An answer that refuses.
#[derive(Debug)]
pub struct ApiError(Problem);

/// The envelope, as the specification has it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ErrorResponse {
    /// What went wrong.
    pub error: ErrorBody,
}

/// What went wrong.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ErrorBody {
    /// For people: what happened and what to do.
    pub message: String,
    /// The kind of error, such as `invalid_request_error`.
    pub r#type: &'static str,
    /// JSON path of the field that it is about.
    pub param: Option<String>,
    /// Machine-readable reason, such as `name_taken`.
    pub code: Option<String>,
}

impl ApiError {
    /// A refusal that asking again doesn't change.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self(Problem::new(status, code, message))
    }

    /// The same refusal, about one field.
    pub fn param(self, param: impl Into<String>) -> Self {
        Self(self.0.param(param))
    }

    /// There is no such thing, or it is another tenant's.
    pub fn not_found(what: &'static str) -> Self {
        Error::NotFound(what).into()
    }
}

/// The specification's word for a kind of error.
fn kind(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "authentication_error",
        403 => "permission_error",
        429 => "rate_limit_error",
        500.. => "server_error",
        _ => "invalid_request_error",
    }
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        Self(error.into())
    }
}

impl From<Invalid> for ApiError {
    fn from(invalid: Invalid) -> Self {
        Self(invalid.into())
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self(refusal.into())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let Self(problem) = self;
        let (status, headers, denial, told) = (problem.status, problem.headers(), problem.denial(), problem.clone());
        let body = ErrorBody {
            message: problem.message,
            r#type: kind(status),
            param: problem.param,
            code: Some(problem.code.to_owned()),
        };
        let mut response = (status, headers, Json(ErrorResponse { error: body })).into_response();
        // For the console, which tells it a person who came here by a link.
        response.extensions_mut().insert(told);
        if let Some(denial) = denial {
            response.extensions_mut().insert(denial);
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
