//! `GET /v1/organization/groups/{group_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::group;

use super::object::GroupObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, id},
};

/// Retrieves a group.
#[utoipa::path(
    get, path = "/v1/organization/groups/{group_id}", operation_id = "retrieve-group", tag = "Groups",
    params(("group_id" = String, Path, description = "Id of the group")), responses((status = 200, body = GroupObject))
)]
pub async fn retrieve(
    State(api): State<Api>,
    actor: AdminActor,
    Path(group_id): Path<String>,
) -> Result<Json<GroupObject>, ApiError> {
    Ok(Json(group::find(&api.keyward, &actor, id(&group_id, "group")?).await?.into()))
}
