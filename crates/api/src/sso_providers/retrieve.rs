//! `GET /v1/organization/sso_providers/{sso_provider_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::sso;

use super::object::SsoProviderObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, id},
};

/// Retrieves a single sign-on provider.
#[utoipa::path(
    get, path = "/v1/organization/sso_providers/{sso_provider_id}", operation_id = "retrieve-sso-provider", tag = "Single sign-on",
    params(("sso_provider_id" = String, Path, description = "Id of the provider")),
    responses((status = 200, body = SsoProviderObject))
)]
pub async fn retrieve(
    State(api): State<Api>,
    actor: AdminActor,
    Path(sso_provider_id): Path<String>,
) -> Result<Json<SsoProviderObject>, ApiError> {
    let id = id(&sso_provider_id, "single sign-on provider")?;
    let provider = sso::find(&api.keyward, &actor, id).await?;
    Ok(Json(SsoProviderObject::new(&api.keyward, provider)))
}
