//! `POST /v1/auth/invitations/describe`

use axum::extract::State;
use keyward_service::invitation::{self, DescribedInvitation};
use serde::Serialize;
use utoipa::ToSchema;

use super::InvitationTokenBody;
use crate::{
    Api, ApiError,
    extract::{JsonBody, Visitor, link_token},
    reveal::Reveal,
};

/// An invitation as the invited person sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationObject {
    /// Always `invitation`.
    pub object: &'static str,
    /// What the organization is called.
    pub organization_name: String,
    /// Who is invited.
    pub email: String,
    /// `owner` or `reader`.
    pub role: &'static str,
    /// What whoever invites is called.
    pub invited_by: String,
    /// Whether there is an account with this address: then it is signed in to,
    /// otherwise it is made.
    pub account_exists: bool,
    /// Whether the organization's members sign in by single sign-on only.
    pub sso_required: bool,
    /// Until when it can be accepted, in Unix seconds.
    pub expires_at: i64,
}

impl From<DescribedInvitation> for InvitationObject {
    fn from(described: DescribedInvitation) -> Self {
        let invitation = described.details.invitation;
        Self {
            object: "invitation",
            organization_name: described.organization.name.to_string(),
            email: invitation.email.to_string(),
            role: invitation.grants.role.as_str(),
            invited_by: described.details.inviter.name.to_string(),
            account_exists: described.account_exists,
            sso_required: described.sso_required,
            expires_at: invitation.expires_at.as_second(),
        }
    }
}

/// Says what an invitation is to, to whoever holds its link.
#[utoipa::path(
    post, path = "/v1/auth/invitations/describe", operation_id = "describe-invitation", tag = "Links", security(()),
    request_body = InvitationTokenBody, responses((status = 200, body = InvitationObject))
)]
pub async fn describe(
    State(api): State<Api>,
    _: Visitor,
    JsonBody(body): JsonBody<InvitationTokenBody>,
) -> Result<Reveal<InvitationObject>, ApiError> {
    let described = invitation::describe(&api.keyward, &link_token(&body.token)?).await?;
    Ok(Reveal(described.into()))
}
