//! `DELETE /v1/organization/groups/{group_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::group;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Api, ApiError,
    extract::{AdminActor, id},
};

/// What is gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedGroup {
    /// Always `group.deleted`.
    pub object: &'static str,
    /// Its id.
    pub id: String,
    /// Always true.
    pub deleted: bool,
}

/// Deletes a group: its members lose what they held through it.
#[utoipa::path(
    delete, path = "/v1/organization/groups/{group_id}", operation_id = "delete-group", tag = "Groups",
    params(("group_id" = String, Path, description = "Id of the group")), responses((status = 200, body = DeletedGroup))
)]
pub async fn delete(
    State(api): State<Api>,
    actor: AdminActor,
    Path(group_id): Path<String>,
) -> Result<Json<DeletedGroup>, ApiError> {
    group::delete(&api.keyward, &actor, id(&group_id, "group")?).await?;
    Ok(Json(DeletedGroup { object: "group.deleted", id: group_id, deleted: true }))
}
