//! `POST /v1/organization/admin_api_keys`

use axum::extract::State;
use keyward_domain::Name;
use keyward_service::admin_key::{self, CreateAdminKey};
use serde::Deserialize;
use utoipa::ToSchema;

use super::object::AdminApiKeyObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, Creating},
    reveal::Reveal,
};

/// What the key will be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateAdminApiKeyBody {
    /// What it is for: 1 to 120 characters.
    pub name: String,
    /// After how many seconds it stops working, 1 to 31,536,000; null: never.
    #[serde(default)]
    pub expires_in_seconds: Option<i64>,
}

/// Creates an admin key in the caller's name and shows it in `value`, the only
/// time.
#[utoipa::path(
    post, path = "/v1/organization/admin_api_keys", operation_id = "admin-api-keys-create", tag = "Admin keys",
    request_body = CreateAdminApiKeyBody, responses((status = 200, body = AdminApiKeyObject))
)]
pub async fn create(
    State(api): State<Api>,
    actor: AdminActor,
    request: Creating<CreateAdminApiKeyBody>,
) -> Result<Reveal<AdminApiKeyObject>, ApiError> {
    let command = CreateAdminKey {
        name: Name::parse("name", &request.body.name)?,
        expires_in_seconds: request.body.expires_in_seconds,
        idempotency: request.idempotency,
    };
    let created = admin_key::create(&api.keyward, &actor, command).await?;
    Ok(AdminApiKeyObject::revealed(created))
}
