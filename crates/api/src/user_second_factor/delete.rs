//! `DELETE /v1/organization/users/{user_id}/second_factor`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::second_factor;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Api, ApiError,
    extract::{AdminActor, id},
};

/// What is gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedUserSecondFactor {
    /// Always `organization.user.second_factor.deleted`.
    pub object: &'static str,
    /// Id of the user.
    pub user_id: String,
    /// Always true.
    pub deleted: bool,
}

/// Removes the second factor of a member who has lost it. It takes
/// `members:manage` and all that the member may do; the member of another
/// organization too can't be helped here.
#[utoipa::path(
    delete, path = "/v1/organization/users/{user_id}/second_factor", operation_id = "delete-user-second-factor", tag = "Users",
    params(("user_id" = String, Path, description = "Id of the user")),
    responses((status = 200, body = DeletedUserSecondFactor))
)]
pub async fn delete(
    State(api): State<Api>,
    actor: AdminActor,
    Path(user_id): Path<String>,
) -> Result<Json<DeletedUserSecondFactor>, ApiError> {
    second_factor::remove_of(&api.keyward, &actor, id(&user_id, "user")?).await?;
    let object = "organization.user.second_factor.deleted";
    Ok(Json(DeletedUserSecondFactor { object, user_id, deleted: true }))
}
