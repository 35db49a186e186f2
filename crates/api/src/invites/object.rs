//! An invitation as it is answered: the specification's fields, then Keyward's.

use keyward_domain::{
    Timestamp,
    invitation::{Ending, Invitation},
};
use keyward_service::invitation::{InvitationDetails, SentInvitation};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{list::HasId, reveal::Reveal};

/// An invitation to the organization.
#[derive(Debug, Serialize, ToSchema)]
pub struct InviteObject {
    /// Always `organization.invite`.
    pub object: &'static str,
    /// Its id.
    pub id: String,
    /// Who is invited.
    pub email: String,
    /// `owner` or `reader`.
    pub role: &'static str,
    /// `pending`, `accepted` or `expired`.
    pub status: &'static str,
    /// How it ended: `accepted`, `declined`, `revoked`, `expired`, or `void`
    /// when its sender couldn't give any more what it gives; null while it is
    /// pending.
    pub ended_as: Option<&'static str>,
    /// When it was made, in Unix seconds.
    pub created_at: i64,
    /// Until when its link can be used, in Unix seconds.
    pub expires_at: i64,
    /// When it was accepted, in Unix seconds.
    pub accepted_at: Option<i64>,
    /// The roles in projects that acceptance gives.
    pub projects: Vec<InviteProject>,
    /// In whose name it was sent last.
    pub invited_by: InviteSender,
    /// The link to hand over, where Keyward sends no mail: only in the answer
    /// that makes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<ShownLink>,
}

/// A link as a field of an answer. Its `Debug` shows nothing.
#[derive(Debug, ToSchema)]
#[schema(value_type = String)]
pub struct ShownLink(pub keyward_service::Link);

impl Serialize for ShownLink {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

/// A role in a project.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InviteProject {
    /// Id of the project.
    pub id: String,
    /// `owner` or `member`.
    pub role: String,
}

/// Who invites.
#[derive(Debug, Serialize, ToSchema)]
pub struct InviteSender {
    /// Always `organization.user`.
    pub object: &'static str,
    /// Their id.
    pub id: String,
    /// What they are called.
    pub name: String,
    /// Their e-mail address.
    pub email: String,
}

/// The specification's word for the state of an invitation at `now`.
fn status(invitation: &Invitation, now: Timestamp) -> &'static str {
    match invitation.ended_as(now) {
        None => "pending",
        Some(Ending::Accepted) => "accepted",
        Some(_) => "expired",
    }
}

impl InviteObject {
    /// An invitation as it is at `now`.
    pub fn new(details: InvitationDetails, now: Timestamp) -> Self {
        let InvitationDetails { invitation, inviter } = details;
        let accepted = invitation.ended.filter(|ended| ended.how == Ending::Accepted);
        let project = |grant: &keyward_domain::invitation::ProjectGrant| InviteProject {
            id: grant.id.to_string(),
            role: grant.role.as_str().to_owned(),
        };
        Self {
            object: "organization.invite",
            id: invitation.id.to_string(),
            email: invitation.email.to_string(),
            role: invitation.grants.role.as_str(),
            status: status(&invitation, now),
            ended_as: invitation.ended_as(now).map(Ending::as_str),
            created_at: invitation.created_at.as_second(),
            expires_at: invitation.expires_at.as_second(),
            accepted_at: accepted.map(|ended| ended.at.as_second()),
            projects: invitation.grants.projects.iter().map(project).collect(),
            invited_by: InviteSender {
                object: "organization.user",
                id: inviter.id.to_string(),
                name: inviter.name.to_string(),
                email: inviter.email.to_string(),
            },
            url: None,
        }
    }

    /// The one answer that shows the link, if it isn't in a mail.
    pub fn sent(sent: SentInvitation, now: Timestamp) -> Reveal<Self> {
        Reveal(Self { url: sent.link.map(ShownLink), ..Self::new(sent.details, now) })
    }
}

impl HasId for InviteObject {
    fn id(&self) -> &str {
        &self.id
    }
}
