//! `POST /v1/auth/sign_out`

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use keyward_service::session;
use keyward_web::cookie;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Api, ApiError,
    extract::{BroughtSession, EmptyBody, JsonBody, Visitor},
};

/// Nobody is signed in any more.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedOutObject {
    /// Always `session.ended`.
    pub object: &'static str,
    /// Always true.
    pub ended: bool,
}

/// An answer that takes the cookie back.
pub fn farewell(body: impl Serialize) -> Response {
    let headers =
        [(header::SET_COOKIE, cookie::clear_session()), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (headers, Json(body)).into_response()
}

/// Ends the session of the cookie. It is no error if there is none.
#[utoipa::path(
    post, path = "/v1/auth/sign_out", operation_id = "sign-out", tag = "Signing in", security((), ("session" = [])),
    request_body = EmptyBody, responses((status = 200, body = SignedOutObject))
)]
pub async fn sign_out(
    State(api): State<Api>,
    Visitor(origin): Visitor,
    BroughtSession(token): BroughtSession,
    JsonBody(EmptyBody {}): JsonBody<EmptyBody>,
) -> Result<Response, ApiError> {
    if let Some(token) = token {
        session::sign_out(&api.keyward, &token, origin).await?;
    }
    Ok(farewell(SignedOutObject { object: "session.ended", ended: true }))
}
