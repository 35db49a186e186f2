//! `POST /v1/organization/retention`

use axum::{Json, extract::State};
use keyward_service::retention::{self, UpdateRetention};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{KeepBody, object::RetentionObject, settings};
use crate::{
    Api, ApiError,
    extract::{AdminActor, IfMatch, JsonBody, objects},
};

/// What changes; a class that isn't named stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModifyRetentionBody {
    /// How long data of each class is to be kept.
    #[serde(default, deserialize_with = "objects")]
    pub classes: Option<Vec<KeepBody>>,
}

/// Decides how long your organization keeps its data. The next run, within the
/// hour, deletes what is too old by then, for good: see it before with
/// `POST /v1/organization/retention/preview`.
#[utoipa::path(
    post, path = "/v1/organization/retention", operation_id = "modify-retention", tag = "Retention",
    params(("If-Match" = Option<String>, Header, description = "The version that was read")),
    request_body = ModifyRetentionBody, responses((status = 200, body = RetentionObject))
)]
pub async fn modify(
    State(api): State<Api>,
    actor: AdminActor,
    IfMatch(expected_version): IfMatch,
    JsonBody(body): JsonBody<ModifyRetentionBody>,
) -> Result<Json<RetentionObject>, ApiError> {
    let command = UpdateRetention { settings: settings(body.classes)?, expected_version };
    Ok(Json(retention::update(&api.keyward, &actor, command).await?.into()))
}
