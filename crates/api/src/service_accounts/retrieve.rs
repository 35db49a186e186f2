//! `GET /v1/organization/projects/{project_id}/service_accounts/{service_account_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::service_account;

use super::{object::ServiceAccountObject, place};
use crate::{Api, ApiError, extract::AdminActor};

/// Retrieves a service account.
#[utoipa::path(
    get, path = "/v1/organization/projects/{project_id}/service_accounts/{service_account_id}",
    operation_id = "retrieve-project-service-account", tag = "Service accounts",
    params(("project_id" = String, Path, description = "Id of the project"), ("service_account_id" = String, Path, description = "Id of the service account")),
    responses((status = 200, body = ServiceAccountObject))
)]
pub async fn retrieve(
    State(api): State<Api>,
    actor: AdminActor,
    Path(path): Path<(String, String)>,
) -> Result<Json<ServiceAccountObject>, ApiError> {
    let found = service_account::find(&api.keyward, &actor, place(&path)?).await?;
    Ok(Json(found.into()))
}
