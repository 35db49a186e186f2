//! `POST /v1/organization/projects/{project_id}/service_accounts`

use axum::extract::{Path, State};
use keyward_domain::Name;
use keyward_service::service_account::{self, CreateServiceAccount};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::object::{ServiceAccountApiKeyObject, ServiceAccountObject};
use crate::{
    Api, ApiError,
    extract::{AdminActor, Creating, id},
    reveal::Reveal,
};

/// What the service account will be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateServiceAccountBody {
    /// 1 to 120 characters.
    pub name: String,
    /// Whether it is made without an API key.
    #[serde(default)]
    pub create_service_account_only: Option<bool>,
    /// After how many seconds its API key stops working, 1 second to ten years;
    /// null: never.
    #[serde(default)]
    pub expires_in_seconds: Option<i64>,
}

/// A new service account with its first API key.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedServiceAccountObject {
    /// The account.
    #[serde(flatten)]
    pub account: ServiceAccountObject,
    /// Its first key, shown this once; null if it was made without.
    pub api_key: Option<ServiceAccountApiKeyObject>,
}

/// Creates a service account and an API key that belongs to it.
#[utoipa::path(
    post, path = "/v1/organization/projects/{project_id}/service_accounts", operation_id = "create-project-service-account", tag = "Service accounts",
    params(("Idempotency-Key" = Option<String>, Header, description = "Guards against doing it twice within 24 hours"), ("project_id" = String, Path, description = "Id of the project")),
    request_body = CreateServiceAccountBody, responses((status = 200, body = CreatedServiceAccountObject))
)]
pub async fn create(
    State(api): State<Api>,
    actor: AdminActor,
    Path(project_id): Path<String>,
    request: Creating<CreateServiceAccountBody>,
) -> Result<Reveal<CreatedServiceAccountObject>, ApiError> {
    let command = CreateServiceAccount {
        project: id(&project_id, "project")?,
        name: Name::parse("name", &request.body.name)?,
        with_key: !request.body.create_service_account_only.unwrap_or(false),
        expires_in_seconds: request.body.expires_in_seconds,
        idempotency: request.idempotency,
    };
    let created = service_account::create(&api.keyward, &actor, command).await?;
    Ok(Reveal(CreatedServiceAccountObject { account: created.account.into(), api_key: created.key.map(Into::into) }))
}
