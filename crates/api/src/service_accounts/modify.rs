//! `POST /v1/organization/projects/{project_id}/service_accounts/{service_account_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::{Invalid, Name};
use keyward_service::service_account;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{object::ServiceAccountObject, place};
use crate::{
    Api, ApiError,
    extract::{AdminActor, JsonBody},
};

/// What changes; what isn't named stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModifyServiceAccountBody {
    /// A new name.
    #[serde(default)]
    pub name: Option<String>,
    /// `member`, which it is.
    #[serde(default)]
    pub role: Option<String>,
}

/// Renames a service account.
#[utoipa::path(
    post, path = "/v1/organization/projects/{project_id}/service_accounts/{service_account_id}",
    operation_id = "update-project-service-account", tag = "Service accounts",
    params(("project_id" = String, Path, description = "Id of the project"), ("service_account_id" = String, Path, description = "Id of the service account")),
    request_body = ModifyServiceAccountBody, responses((status = 200, body = ServiceAccountObject))
)]
pub async fn modify(
    State(api): State<Api>,
    actor: AdminActor,
    Path(path): Path<(String, String)>,
    JsonBody(body): JsonBody<ModifyServiceAccountBody>,
) -> Result<Json<ServiceAccountObject>, ApiError> {
    if body.role.as_deref().is_some_and(|role| role != "member") {
        let message = "A service account is always a member: its keys call models and never administer anything. Give people roles instead.";
        return Err(Invalid::new("role", message).into());
    }
    let name = body.name.map(|name| Name::parse("name", &name)).transpose()?;
    let renamed = service_account::rename(&api.keyward, &actor, place(&path)?, name).await?;
    Ok(Json(renamed.into()))
}
