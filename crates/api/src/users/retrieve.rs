//! `GET /v1/organization/users/{user_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::member;

use super::object::UserObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, id},
};

/// Retrieves a member.
#[utoipa::path(
    get, path = "/v1/organization/users/{user_id}", operation_id = "retrieve-user", tag = "Users",
    params(("user_id" = String, Path, description = "Id of the user")), responses((status = 200, body = UserObject))
)]
pub async fn retrieve(
    State(api): State<Api>,
    actor: AdminActor,
    Path(user_id): Path<String>,
) -> Result<Json<UserObject>, ApiError> {
    Ok(Json(member::find_with_key_use(&api.keyward, &actor, id(&user_id, "user")?).await?.into()))
}
