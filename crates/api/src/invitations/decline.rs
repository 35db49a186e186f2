//! `POST /v1/auth/invitations/decline`

use axum::extract::State;
use keyward_service::invitation;
use serde::Serialize;
use utoipa::ToSchema;

use super::InvitationTokenBody;
use crate::{
    Api, ApiError,
    extract::{JsonBody, Visitor, link_token},
    reveal::Reveal,
};

/// What was declined.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeclinedInvitation {
    /// Always `invitation.declined`.
    pub object: &'static str,
    /// Always true.
    pub declined: bool,
}

/// Declines an invitation: its link opens nothing any more.
#[utoipa::path(
    post, path = "/v1/auth/invitations/decline", operation_id = "decline-invitation", tag = "Links", security(()),
    request_body = InvitationTokenBody, responses((status = 200, body = DeclinedInvitation))
)]
pub async fn decline(
    State(api): State<Api>,
    Visitor(origin): Visitor,
    JsonBody(body): JsonBody<InvitationTokenBody>,
) -> Result<Reveal<DeclinedInvitation>, ApiError> {
    invitation::decline(&api.keyward, &link_token(&body.token)?, origin).await?;
    Ok(Reveal(DeclinedInvitation { object: "invitation.declined", declined: true }))
}
