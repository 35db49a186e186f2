//! `POST /v1/auth/password_reset/complete`

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use keyward_domain::password::Password;
use keyward_service::password_reset::{self, CompletePasswordReset};
use keyward_web::cookie;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Api, ApiError,
    extract::{JsonBody, Visitor, link_token},
    reveal::Reveal,
};

/// A new password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompletePasswordResetBody {
    /// The last part of the link.
    #[schema(value_type = String)]
    pub token: SecretString,
    /// The new password: 12 to 1,024 characters.
    #[schema(value_type = String)]
    pub new_password: SecretString,
}

/// A password that was set anew.
#[derive(Debug, Serialize, ToSchema)]
pub struct CompletedPasswordReset {
    /// Always `password_reset.completed`.
    pub object: &'static str,
    /// Always true.
    pub completed: bool,
    /// What comes next, for people.
    pub message: &'static str,
}

/// Sets the password anew. Every session of the user ends; sign in afterwards,
/// with the second factor if there is one.
#[utoipa::path(
    post, path = "/v1/auth/password_reset/complete", operation_id = "complete-password-reset", tag = "Links",
    security(()), request_body = CompletePasswordResetBody, responses((status = 200, body = CompletedPasswordReset))
)]
pub async fn complete(
    State(api): State<Api>,
    Visitor(origin): Visitor,
    JsonBody(body): JsonBody<CompletePasswordResetBody>,
) -> Result<Response, ApiError> {
    let token = link_token(&body.token)?;
    let new_password = Password::parse("new_password", body.new_password.expose_secret())?;
    password_reset::complete(&api.keyward, CompletePasswordReset { token, new_password, origin }).await?;
    let message = "Your password is set, and you are signed out everywhere. Sign in with it now.";
    let completed = CompletedPasswordReset { object: "password_reset.completed", completed: true, message };
    // What this browser still holds opens nothing any more.
    Ok(([(header::SET_COOKIE, cookie::clear_session())], Reveal(completed)).into_response())
}
