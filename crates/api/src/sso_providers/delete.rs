//! `DELETE /v1/organization/sso_providers/{sso_provider_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::sso;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Api, ApiError,
    extract::{AdminActor, id},
};

/// What is gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedSsoProvider {
    /// Always `organization.sso_provider.deleted`.
    pub object: &'static str,
    /// Its id.
    pub id: String,
    /// Always true.
    pub deleted: bool,
}

/// Disconnects a provider: its sessions end, and what its claims gave is taken back. Its members stay members.
#[utoipa::path(
    delete, path = "/v1/organization/sso_providers/{sso_provider_id}", operation_id = "delete-sso-provider", tag = "Single sign-on",
    params(("sso_provider_id" = String, Path, description = "Id of the provider")),
    responses((status = 200, body = DeletedSsoProvider))
)]
pub async fn delete(
    State(api): State<Api>,
    actor: AdminActor,
    Path(sso_provider_id): Path<String>,
) -> Result<Json<DeletedSsoProvider>, ApiError> {
    sso::delete(&api.keyward, &actor, id(&sso_provider_id, "single sign-on provider")?).await?;
    Ok(Json(DeletedSsoProvider { object: "organization.sso_provider.deleted", id: sso_provider_id, deleted: true }))
}
