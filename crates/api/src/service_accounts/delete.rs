//! `DELETE /v1/organization/projects/{project_id}/service_accounts/{service_account_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::service_account;
use serde::Serialize;
use utoipa::ToSchema;

use super::place;
use crate::{Api, ApiError, extract::AdminActor};

/// What is gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedServiceAccount {
    /// Always `organization.project.service_account.deleted`.
    pub object: &'static str,
    /// Its id.
    pub id: String,
    /// Always true.
    pub deleted: bool,
    /// How many of its API keys were revoked with it.
    pub revoked_api_keys: u64,
}

/// Deletes a service account and revokes its API keys for good.
#[utoipa::path(
    delete, path = "/v1/organization/projects/{project_id}/service_accounts/{service_account_id}",
    operation_id = "delete-project-service-account", tag = "Service accounts",
    params(("project_id" = String, Path, description = "Id of the project"), ("service_account_id" = String, Path, description = "Id of the service account")),
    responses((status = 200, body = DeletedServiceAccount))
)]
pub async fn delete(
    State(api): State<Api>,
    actor: AdminActor,
    Path(path): Path<(String, String)>,
) -> Result<Json<DeletedServiceAccount>, ApiError> {
    let place = place(&path)?;
    let revoked_api_keys = service_account::delete(&api.keyward, &actor, place).await?;
    let object = "organization.project.service_account.deleted";
    Ok(Json(DeletedServiceAccount { object, id: place.account.to_string(), deleted: true, revoked_api_keys }))
}
