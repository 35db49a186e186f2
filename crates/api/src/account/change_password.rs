//! `POST /v1/account/password`

use axum::{extract::State, response::Response};
use keyward_domain::password::Password;
use keyward_service::account::{self, ChangePassword};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    Api, ApiError,
    auth::{SignedInObject, welcome},
    extract::{JsonBody, SessionActor},
};

/// From which password to which.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePasswordBody {
    /// The present password.
    #[schema(value_type = String, write_only)]
    pub current_password: SecretString,
    /// The new one: 12 to 1024 characters, and not easily guessed.
    #[schema(value_type = String, write_only)]
    pub new_password: SecretString,
}

/// Changes one's own password. All other sessions end; this one goes on under a
/// new cookie.
#[utoipa::path(
    post, path = "/v1/account/password", operation_id = "change-password", tag = "Account", security(("session" = [])),
    request_body = ChangePasswordBody, responses((status = 200, body = SignedInObject))
)]
pub async fn change_password(
    State(api): State<Api>,
    actor: SessionActor,
    JsonBody(body): JsonBody<ChangePasswordBody>,
) -> Result<Response, ApiError> {
    let command = ChangePassword {
        current: Password::presented(body.current_password),
        new: Password::parse("new_password", body.new_password.expose_secret())?,
    };
    let entered = account::change_password(&api.keyward, &actor, command).await?;
    Ok(welcome(entered, api.keyward.now()))
}
