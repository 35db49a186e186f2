//! `GET /v1/organization`

use axum::{Json, extract::State};
use keyward_service::organization;

use super::object::OrganizationObject;
use crate::{Api, ApiError, extract::AdminActor};

/// Retrieves your organization.
#[utoipa::path(
    get, path = "/v1/organization", operation_id = "retrieve-organization", tag = "Organization",
    responses((status = 200, body = OrganizationObject))
)]
pub async fn retrieve(State(api): State<Api>, actor: AdminActor) -> Result<Json<OrganizationObject>, ApiError> {
    let settings = organization::settings(&api.keyward, &actor).await?;
    Ok(Json(OrganizationObject::new(&api.keyward, settings)))
}
