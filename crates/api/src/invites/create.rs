//! `POST /v1/organization/invites`

use axum::extract::State;
use keyward_domain::{
    Invalid,
    invitation::{Grants, InvitedProjectRole, InvitedRole, ProjectGrant},
    organization::Email,
};
use keyward_service::{
    idempotency::Idempotency,
    invitation::{self, CreateInvitation},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::object::{InviteObject, InviteProject};
use crate::{
    Api, ApiError,
    extract::{AdminActor, Creating, objects},
    reveal::Reveal,
};

/// Who is invited to what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateInviteBody {
    /// Where the invitation is sent.
    pub email: String,
    /// `owner`, or `reader` for a member who holds nothing further in the
    /// organization.
    pub role: String,
    /// Roles in projects that acceptance gives; none unless given.
    #[serde(default, deserialize_with = "objects")]
    pub projects: Option<Vec<InviteProject>>,
}

impl CreateInviteBody {
    fn command(self, idempotency: Option<Idempotency>) -> Result<CreateInvitation, Invalid> {
        let email = Email::parse("email", &self.email)?;
        let role = match self.role.as_str() {
            "owner" => InvitedRole::Owner,
            "reader" => InvitedRole::Reader,
            _ => return Err(Invalid::new("role", "role must be one of: owner, reader.")),
        };
        let projects = self.projects.unwrap_or_default().into_iter().enumerate();
        let projects = projects.map(|(at, project)| grant(at, &project)).collect::<Result<_, _>>()?;
        Ok(CreateInvitation { email, grants: Grants { role, projects }, idempotency })
    }
}

fn grant(at: usize, project: &InviteProject) -> Result<ProjectGrant, Invalid> {
    let param = |field: &str| format!("projects[{at}].{field}");
    let id = project.id.parse().map_err(|_| Invalid::new(param("id"), "There is no project with this id here."))?;
    let role = match project.role.as_str() {
        "owner" => InvitedProjectRole::Owner,
        "member" => InvitedProjectRole::Member,
        _ => return Err(Invalid::new(param("role"), "role must be one of: owner, member.")),
    };
    Ok(ProjectGrant { id, role })
}

/// Invites somebody to the organization, for seven days.
///
/// The link is mailed; where this Keyward sends no mail, it is shown in `url`,
/// the only time.
#[utoipa::path(
    post, path = "/v1/organization/invites", operation_id = "inviteUser", tag = "Invitations",
    params(("Idempotency-Key" = Option<String>, Header, description = "Guards against doing it twice within 24 hours")),
    request_body = CreateInviteBody, responses((status = 200, body = InviteObject))
)]
pub async fn create(
    State(api): State<Api>,
    actor: AdminActor,
    request: Creating<CreateInviteBody>,
) -> Result<Reveal<InviteObject>, ApiError> {
    let sent = invitation::create(&api.keyward, &actor, request.body.command(request.idempotency)?).await?;
    Ok(InviteObject::sent(sent, api.keyward.now()))
}
