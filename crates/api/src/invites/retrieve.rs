//! `GET /v1/organization/invites/{invite_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::invitation;

use super::object::InviteObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, id},
};

/// Retrieves an invitation.
#[utoipa::path(
    get, path = "/v1/organization/invites/{invite_id}", operation_id = "retrieve-invite", tag = "Invitations",
    params(("invite_id" = String, Path, description = "Id of the invitation")),
    responses((status = 200, body = InviteObject))
)]
pub async fn retrieve(
    State(api): State<Api>,
    actor: AdminActor,
    Path(invite_id): Path<String>,
) -> Result<Json<InviteObject>, ApiError> {
    let found = invitation::find(&api.keyward, &actor, id(&invite_id, "invitation")?).await?;
    Ok(Json(InviteObject::new(found, api.keyward.now())))
}
