//! `POST /v1/auth/password_reset`

use axum::extract::State;
use keyward_domain::organization::Email;
use keyward_service::password_reset;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Api, ApiError,
    extract::{JsonBody, Visitor},
    reveal::Reveal,
};

/// Whose password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordResetBody {
    /// The account's address.
    pub email: String,
}

/// The same for every address.
#[derive(Debug, Serialize, ToSchema)]
pub struct PasswordResetObject {
    /// Always `password_reset`.
    pub object: &'static str,
    /// Whether this Keyward sends mail at all.
    pub by_mail: bool,
    /// What comes next, for people.
    pub message: &'static str,
}

/// Mails a link to set the password anew, if there is an account with this
/// address. The answer doesn't tell whether there is.
#[utoipa::path(
    post, path = "/v1/auth/password_reset", operation_id = "request-password-reset", tag = "Links", security(()),
    request_body = PasswordResetBody, responses((status = 200, body = PasswordResetObject))
)]
pub async fn request(
    State(api): State<Api>,
    Visitor(origin): Visitor,
    JsonBody(body): JsonBody<PasswordResetBody>,
) -> Result<Reveal<PasswordResetObject>, ApiError> {
    let email = Email::parse("email", &body.email)?;
    let by_mail = password_reset::request(&api.keyward, email, origin).await?;
    let message = if by_mail {
        "If there is an account with this address, a link to set its password is on its way. It is good for an hour."
    } else {
        "This Keyward sends no mail. An administrator of your organization can hand you a link to set your password."
    };
    Ok(Reveal(PasswordResetObject { object: "password_reset", by_mail, message }))
}
