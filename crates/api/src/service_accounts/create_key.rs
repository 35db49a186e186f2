//! `POST /v1/organization/projects/{project_id}/service_accounts/{service_account_id}/api_keys`

use axum::extract::{Path, State};
use keyward_domain::{Name, api_key::KeyAccess};
use keyward_service::service_account::{self, CreateServiceAccountKey};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{object::ServiceAccountApiKeyObject, place};
use crate::{
    Api, ApiError,
    extract::{AdminActor, Creating},
    reveal::Reveal,
};

/// What the key will be. Everything else about it can be edited like of any
/// key of the project.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateServiceAccountKeyBody {
    /// What it is for; what the account is called unless given.
    #[serde(default)]
    pub name: Option<String>,
    /// After how many seconds it stops working, 1 second to ten years; null: never.
    #[serde(default)]
    pub expires_in_seconds: Option<i64>,
    /// Data permissions such as `llm:invoke`; none: all of them.
    #[serde(default)]
    pub scopes: Option<Vec<String>>,
}

/// Creates an API key that belongs to a service account, and shows it in
/// `value`, the only time.
#[utoipa::path(
    post, path = "/v1/organization/projects/{project_id}/service_accounts/{service_account_id}/api_keys",
    operation_id = "create-project-service-account-api-key", tag = "Service accounts",
    params(("Idempotency-Key" = Option<String>, Header, description = "Guards against doing it twice within 24 hours"), ("project_id" = String, Path, description = "Id of the project"), ("service_account_id" = String, Path, description = "Id of the service account")),
    request_body = CreateServiceAccountKeyBody, responses((status = 200, body = ServiceAccountApiKeyObject))
)]
pub async fn create_key(
    State(api): State<Api>,
    actor: AdminActor,
    Path(path): Path<(String, String)>,
    request: Creating<CreateServiceAccountKeyBody>,
) -> Result<Reveal<ServiceAccountApiKeyObject>, ApiError> {
    let scopes = request.body.scopes.as_deref().map(KeyAccess::parse_scopes).transpose()?.unwrap_or_default();
    let command = CreateServiceAccountKey {
        place: place(&path)?,
        name: request.body.name.map(|name| Name::parse("name", &name)).transpose()?,
        expires_in_seconds: request.body.expires_in_seconds,
        access: KeyAccess { scopes, ..KeyAccess::default() },
        idempotency: request.idempotency,
    };
    let created = service_account::create_key(&api.keyward, &actor, command).await?;
    Ok(Reveal(created.into()))
}
