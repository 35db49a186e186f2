//! `DELETE /v1/organization/invites/{invite_id}`

use axum::{
    Json,
    extract::{Path, State},
};
use keyward_service::invitation;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Api, ApiError,
    extract::{AdminActor, id},
};

/// What opens nothing any more.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedInvite {
    /// Always `organization.invite.deleted`.
    pub object: &'static str,
    /// Its id.
    pub id: String,
    /// Always true.
    pub deleted: bool,
}

/// Withdraws an invitation; it stays in the list as `revoked`. One that was
/// accepted can't be withdrawn.
#[utoipa::path(
    delete, path = "/v1/organization/invites/{invite_id}", operation_id = "delete-invite", tag = "Invitations",
    params(("invite_id" = String, Path, description = "Id of the invitation")),
    responses((status = 200, body = DeletedInvite))
)]
pub async fn delete(
    State(api): State<Api>,
    actor: AdminActor,
    Path(invite_id): Path<String>,
) -> Result<Json<DeletedInvite>, ApiError> {
    invitation::delete(&api.keyward, &actor, id(&invite_id, "invitation")?).await?;
    Ok(Json(DeletedInvite { object: "organization.invite.deleted", id: invite_id, deleted: true }))
}
