//! `POST /v1/auth/invitations/accept`

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use keyward_domain::Name;
use keyward_service::invitation::{self, AcceptInvitation, AcceptedInvitation};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Api, ApiError,
    auth::{SignedInObject, SignedInUser, welcome_with},
    extract::{BroughtSession, JsonBody, Visitor, link_token},
    reveal::Reveal,
};

/// Who accepts which invitation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptInvitationBody {
    /// The last part of the link.
    #[schema(value_type = String)]
    pub token: SecretString,
    /// What a new person is called.
    #[serde(default)]
    pub name: Option<String>,
    /// A new person's password; or the account's own, unless its session comes
    /// with the request.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub password: Option<SecretString>,
}

/// A new member.
#[derive(Debug, Serialize, ToSchema)]
pub struct AcceptedObject {
    /// Always `invitation.accepted`.
    pub object: &'static str,
    /// Id of the organization.
    pub organization_id: String,
    /// What it is called.
    pub organization_name: String,
    /// Who is a member now.
    pub user: SignedInUser,
    /// Their session in it; null where members sign in by single sign-on only.
    pub session: Option<SignedInObject>,
    /// What comes next, for people.
    pub message: &'static str,
}

/// Accepts an invitation: makes a new person's account, or adds the account
/// with the invited address, and signs in.
#[utoipa::path(
    post, path = "/v1/auth/invitations/accept", operation_id = "accept-invitation", tag = "Links", security(()),
    request_body = AcceptInvitationBody, responses((status = 200, body = AcceptedObject))
)]
pub async fn accept(
    State(api): State<Api>,
    Visitor(origin): Visitor,
    BroughtSession(session): BroughtSession,
    JsonBody(body): JsonBody<AcceptInvitationBody>,
) -> Result<Response, ApiError> {
    let command = AcceptInvitation {
        token: link_token(&body.token)?,
        name: body.name.map(|name| Name::parse("name", &name)).transpose()?,
        password: body.password,
        session,
        origin,
    };
    let AcceptedInvitation { organization, user, welcome } = invitation::accept(&api.keyward, command).await?;
    let accepted = AcceptedObject {
        object: "invitation.accepted",
        organization_id: organization.id.to_string(),
        organization_name: organization.name.to_string(),
        user: SignedInUser::from(&user),
        session: welcome.as_ref().map(SignedInObject::from),
        message: match welcome {
            Some(_) => "You are a member now, and signed in.",
            None => "You are a member now. This organization's members sign in by single sign-on: do so next.",
        },
    };
    Ok(match welcome {
        Some(welcome) => welcome_with(&accepted, &welcome, api.keyward.now()),
        None => Reveal(accepted).into_response(),
    })
}
