//! `POST /v1/organization/groups/{group_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_domain::Name;
use keyward_service::group;

use super::{create::GroupBody, object::GroupObject};
use crate::{
    Api, ApiError,
    extract::{AdminActor, JsonBody, id},
};

/// Renames a group.
#[utoipa::path(
    post, path = "/v1/organization/groups/{group_id}", operation_id = "update-group", tag = "Groups",
    params(("group_id" = String, Path, description = "Id of the group")),
    request_body = GroupBody, responses((status = 200, body = GroupObject))
)]
pub async fn modify(
    State(api): State<Api>,
    actor: AdminActor,
    Path(group_id): Path<String>,
    JsonBody(body): JsonBody<GroupBody>,
) -> Result<Json<GroupObject>, ApiError> {
    let (group_id, name) = (id(&group_id, "group")?, Name::parse("name", &body.name)?);
    Ok(Json(group::update(&api.keyward, &actor, group_id, name).await?.into()))
}
