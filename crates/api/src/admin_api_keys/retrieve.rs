//! `GET /v1/organization/admin_api_keys/{key_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::admin_key;

use super::object::AdminApiKeyObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, id},
};

/// Retrieves an admin key.
#[utoipa::path(
    get, path = "/v1/organization/admin_api_keys/{key_id}", operation_id = "admin-api-keys-get", tag = "Admin keys",
    params(("key_id" = String, Path, description = "Id of the key")), responses((status = 200, body = AdminApiKeyObject))
)]
pub async fn retrieve(
    State(api): State<Api>,
    actor: AdminActor,
    Path(key_id): Path<String>,
) -> Result<Json<AdminApiKeyObject>, ApiError> {
    let found = admin_key::find(&api.keyward, &actor, id(&key_id, "admin key")?).await?;
    Ok(Json(found.into()))
}
