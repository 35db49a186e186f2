//! `/v1/account/second_factor`: one's own second factor.

use axum::{Json, extract::State};
use keyward_domain::password::Password;
use keyward_service::second_factor;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    Api, ApiError,
    extract::{JsonBody, SessionActor},
    reveal::Reveal,
};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(start, delete)).routes(routes!(confirm)).routes(routes!(renew_recovery_codes))
}

/// The proof that it is really oneself who asks.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordBody {
    /// The present password.
    #[schema(value_type = String, write_only)]
    pub password: SecretString,
}

/// A code.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeBody {
    /// The six digits that the authenticator app shows.
    #[schema(value_type = String, write_only)]
    pub code: SecretString,
}

/// What goes into an authenticator app, shown this once. It counts when it is
/// confirmed with a code.
#[derive(Serialize, ToSchema)]
pub struct SecondFactorObject {
    /// Always `account.second_factor`.
    pub object: &'static str,
    /// To be typed: base32.
    pub secret: String,
    /// To be shown as a QR code.
    pub otpauth_uri: String,
}

/// Codes for the day when the telephone is gone, shown this once. Each opens
/// once.
#[derive(Serialize, ToSchema)]
pub struct RecoveryCodesObject {
    /// Always `account.second_factor.recovery_codes`.
    pub object: &'static str,
    /// The codes.
    pub recovery_codes: Vec<String>,
}

impl RecoveryCodesObject {
    fn revealed(codes: &[keyward_domain::second_factor::RecoveryCode]) -> Reveal<Self> {
        let recovery_codes = codes.iter().map(keyward_domain::second_factor::RecoveryCode::shown).collect();
        Reveal(Self { object: "account.second_factor.recovery_codes", recovery_codes })
    }
}

/// What is gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedSecondFactor {
    /// Always `account.second_factor.deleted`.
    pub object: &'static str,
    /// Always true.
    pub deleted: bool,
}

/// Begins to set a second factor up.
#[utoipa::path(
    post, path = "/v1/account/second_factor", operation_id = "start-second-factor", tag = "Account", security(("session" = [])),
    request_body = PasswordBody, responses((status = 200, body = SecondFactorObject))
)]
pub async fn start(
    State(api): State<Api>,
    actor: SessionActor,
    JsonBody(body): JsonBody<PasswordBody>,
) -> Result<Reveal<SecondFactorObject>, ApiError> {
    let started = second_factor::start(&api.keyward, &actor, Password::presented(body.password)).await?;
    let (secret, otpauth_uri) = (started.secret.to_string(), started.uri.to_string());
    Ok(Reveal(SecondFactorObject { object: "account.second_factor", secret, otpauth_uri }))
}

/// Confirms the second factor with a first code: it is asked for from now on.
#[utoipa::path(
    post, path = "/v1/account/second_factor/confirm", operation_id = "confirm-second-factor", tag = "Account", security(("session" = [])),
    request_body = CodeBody, responses((status = 200, body = RecoveryCodesObject))
)]
pub async fn confirm(
    State(api): State<Api>,
    actor: SessionActor,
    JsonBody(body): JsonBody<CodeBody>,
) -> Result<Reveal<RecoveryCodesObject>, ApiError> {
    let codes = second_factor::confirm(&api.keyward, &actor, body.code.expose_secret()).await?;
    Ok(RecoveryCodesObject::revealed(&codes))
}

/// Makes new recovery codes. The old ones open nothing any more.
#[utoipa::path(
    post, path = "/v1/account/second_factor/recovery_codes", operation_id = "renew-recovery-codes", tag = "Account", security(("session" = [])),
    request_body = PasswordBody, responses((status = 200, body = RecoveryCodesObject))
)]
pub async fn renew_recovery_codes(
    State(api): State<Api>,
    actor: SessionActor,
    JsonBody(body): JsonBody<PasswordBody>,
) -> Result<Reveal<RecoveryCodesObject>, ApiError> {
    let password = Password::presented(body.password);
    let codes = second_factor::renew_recovery_codes(&api.keyward, &actor, password).await?;
    Ok(RecoveryCodesObject::revealed(&codes))
}

/// Removes the second factor.
#[utoipa::path(
    delete, path = "/v1/account/second_factor", operation_id = "delete-second-factor", tag = "Account", security(("session" = [])),
    request_body = PasswordBody, responses((status = 200, body = DeletedSecondFactor))
)]
pub async fn delete(
    State(api): State<Api>,
    actor: SessionActor,
    JsonBody(body): JsonBody<PasswordBody>,
) -> Result<Json<DeletedSecondFactor>, ApiError> {
    second_factor::remove(&api.keyward, &actor, Password::presented(body.password)).await?;
    Ok(Json(DeletedSecondFactor { object: "account.second_factor.deleted", deleted: true }))
}
