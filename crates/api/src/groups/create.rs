//! `POST /v1/organization/groups`

use axum::{Json, extract::State};
use keyward_domain::Name;
use keyward_service::group::{self, CreateGroup};
use serde::Deserialize;
use utoipa::ToSchema;

use super::object::GroupObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, Creating},
};

/// What the group will be, or be called from now on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupBody {
    /// 1 to 120 characters, unique in the organization.
    pub name: String,
}

/// Creates a group: nobody is in it, and it holds no role.
#[utoipa::path(
    post, path = "/v1/organization/groups", operation_id = "create-group", tag = "Groups",
    params(("Idempotency-Key" = Option<String>, Header, description = "Guards against doing it twice within 24 hours")),
    request_body = GroupBody, responses((status = 200, body = GroupObject))
)]
pub async fn create(
    State(api): State<Api>,
    actor: AdminActor,
    request: Creating<GroupBody>,
) -> Result<Json<GroupObject>, ApiError> {
    let command = CreateGroup { name: Name::parse("name", &request.body.name)?, idempotency: request.idempotency };
    Ok(Json(group::create(&api.keyward, &actor, command).await?.into()))
}
