//! `DELETE /v1/organization/admin_api_keys/{key_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::admin_key;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Api, ApiError,
    extract::{AdminActor, id},
};

/// What is gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedAdminApiKey {
    /// Always `organization.admin_api_key.deleted`.
    pub object: &'static str,
    /// Its id.
    pub id: String,
    /// Always true.
    pub deleted: bool,
}

/// Deletes an admin key, also the one that is used for it.
#[utoipa::path(
    delete, path = "/v1/organization/admin_api_keys/{key_id}", operation_id = "admin-api-keys-delete", tag = "Admin keys",
    params(("key_id" = String, Path, description = "Id of the key")), responses((status = 200, body = DeletedAdminApiKey))
)]
pub async fn delete(
    State(api): State<Api>,
    actor: AdminActor,
    Path(key_id): Path<String>,
) -> Result<Json<DeletedAdminApiKey>, ApiError> {
    let key = id(&key_id, "admin key")?;
    admin_key::delete(&api.keyward, &actor, key).await?;
    Ok(Json(DeletedAdminApiKey { object: "organization.admin_api_key.deleted", id: key_id, deleted: true }))
}
