//! `GET /v1/organization/retention`

use axum::{Json, extract::State};
use keyward_service::retention;

use super::object::RetentionObject;
use crate::{Api, ApiError, extract::AdminActor};

/// Tells how long your organization keeps its data, and when that was last
/// carried out.
#[utoipa::path(
    get, path = "/v1/organization/retention", operation_id = "retrieve-retention", tag = "Retention",
    responses((status = 200, body = RetentionObject))
)]
pub async fn retrieve(State(api): State<Api>, actor: AdminActor) -> Result<Json<RetentionObject>, ApiError> {
    Ok(Json(retention::find(&api.keyward, &actor).await?.into()))
}
