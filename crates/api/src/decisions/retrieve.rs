//! `GET /v1/organization/decisions/{request_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::decision;

use super::object::DecisionObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, id},
};

/// Why a call was let through or refused, by the `x-request-id` of its answer: of a
/// project whose usage you may read. Calls without a known API key aren't noted,
/// and old decisions are forgotten when there is no more room.
#[utoipa::path(
    get, path = "/v1/organization/decisions/{request_id}", operation_id = "retrieve-decision", tag = "Decisions",
    params(("request_id" = String, Path, description = "The `x-request-id` of the call's answer, `req_…`")),
    responses((status = 200, body = DecisionObject))
)]
pub async fn retrieve(
    State(api): State<Api>,
    actor: AdminActor,
    Path(request_id): Path<String>,
) -> Result<Json<DecisionObject>, ApiError> {
    Ok(Json(decision::find(&api.keyward, &actor, id(&request_id, "decision")?).await?.into()))
}
