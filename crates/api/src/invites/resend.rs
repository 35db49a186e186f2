//! `POST /v1/organization/invites/{invite_id}/resend`

use axum::extract::{Path, State};
use keyward_service::invitation;

use super::object::InviteObject;
use crate::{
    Api, ApiError,
    extract::{AdminActor, EmptyBody, JsonBody, id},
    reveal::Reveal,
};

/// Sends an invitation again: a new link and another seven days, in the
/// caller's name. The old link opens nothing any more.
#[utoipa::path(
    post, path = "/v1/organization/invites/{invite_id}/resend", operation_id = "resend-invite", tag = "Invitations",
    params(("invite_id" = String, Path, description = "Id of the invitation")),
    request_body = EmptyBody, responses((status = 200, body = InviteObject))
)]
pub async fn resend(
    State(api): State<Api>,
    actor: AdminActor,
    Path(invite_id): Path<String>,
    JsonBody(EmptyBody {}): JsonBody<EmptyBody>,
) -> Result<Reveal<InviteObject>, ApiError> {
    let sent = invitation::resend(&api.keyward, &actor, id(&invite_id, "invitation")?).await?;
    Ok(InviteObject::sent(sent, api.keyward.now()))
}
