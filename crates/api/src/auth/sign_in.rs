//! `POST /v1/auth/sign_in`

use axum::{extract::State, response::Response};
use keyward_domain::password::Password;
use keyward_service::sign_in::{self, SignIn};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{SignedInObject, welcome};
use crate::{
    Api, ApiError,
    extract::{BroughtSession, JsonBody, Visitor},
};

/// Who comes in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInBody {
    /// Their e-mail address.
    pub email: String,
    /// Their password.
    #[schema(value_type = String, write_only)]
    pub password: SecretString,
    /// A code of their second factor, if they have one: six digits of their authenticator app, or a recovery code.
    #[serde(default)]
    #[schema(value_type = Option<String>, write_only)]
    pub code: Option<SecretString>,
}

/// Opens a session and hands its cookie over. The session that came with the
/// request ends.
#[utoipa::path(
    post, path = "/v1/auth/sign_in", operation_id = "sign-in", tag = "Signing in", security(()),
    request_body = SignInBody, responses((status = 200, body = SignedInObject))
)]
pub async fn sign_in(
    State(api): State<Api>,
    Visitor(origin): Visitor,
    BroughtSession(replaces): BroughtSession,
    JsonBody(body): JsonBody<SignInBody>,
) -> Result<Response, ApiError> {
    let password = Password::presented(body.password);
    let command = SignIn { email: body.email, password, code: body.code, replaces };
    let entered = sign_in::sign_in(&api.keyward, origin, command).await?;
    Ok(welcome(entered, api.keyward.now()))
}
