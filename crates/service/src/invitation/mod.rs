//! Invitations: sent, sent again, withdrawn and looked up by members;
//! described, accepted and declined by whoever holds the link.
//!
//! Who manages members in the organization invites to anything that they hold
//! themselves; who does so in projects only, to just those projects. The same
//! is asked again when the invitation is accepted.

mod accept;
mod create;
mod decline;
mod delete;
mod describe;
mod list;
mod resend;

use keyward_domain::{
    Invalid, Timestamp,
    actor::{Actor, Denied},
    id::{InvitationId, UserId},
    invitation::{Ended, Ending, Grants, Invitation},
    organization::{Email, User},
    permission::Permission,
    role::Scope,
    secret::Token,
};
use keyward_store::{Conn, invitation as store, organization};
use serde_json::{Value, json};

pub use accept::{AcceptInvitation, AcceptedInvitation, accept};
pub use create::{CreateInvitation, SentInvitation, create};
pub use decline::decline;
pub use delete::delete;
pub use describe::{DescribedInvitation, describe};
pub use keyward_store::invitation::InvitationDetails;
pub use list::{find, list};
pub use resend::resend;

use crate::{Error, Keyward, Result, change::Change, link::LinkKind};

/// Refuses whoever manages members nowhere.
fn check_manages(actor: &Actor) -> Result<()> {
    let permission = Permission::MembersManage;
    if actor.access.projects_with(permission).next().is_none() {
        actor.require(permission, Scope::Organization)?;
    }
    Ok(())
}

/// Refuses what lies beyond the projects whose members the actor manages.
fn check_managed(actor: &Actor, grants: &Grants) -> Result<()> {
    check_manages(actor)?;
    let permission = Permission::MembersManage;
    if actor.access.holds(permission, Scope::Organization) {
        return Ok(());
    }
    if grants.projects.is_empty() {
        let message =
            "You manage the members of projects, not of the organization: name at least one of those projects.";
        return Err(Invalid::new("projects", message).into());
    }
    Ok(grants.projects.iter().try_for_each(|grant| actor.require(permission, Scope::Project(grant.id)))?)
}

/// Refuses to touch an invitation that the actor couldn't have sent.
fn check_own(actor: &Actor, grants: &Grants) -> Result<()> {
    check_managed(actor, grants).map_err(|_| Error::Escalation {
        message: "This invitation reaches beyond the projects whose members you manage. Ask somebody who manages the organization's members.".into(),
    })
}

/// Whose invitations somebody sees: `None`: everybody's.
fn whose(actor: &Actor) -> Result<Option<UserId>> {
    let permission = Permission::MembersRead;
    if actor.access.holds(permission, Scope::Organization) {
        return Ok(None);
    }
    match actor.user() {
        Some(user) if actor.access.projects_with(permission).next().is_some() => Ok(Some(user)),
        _ => Err(Denied { permission, scope: Scope::Organization }.into()),
    }
}

/// An invitation that somebody sees.
async fn find_seen(conn: &mut Conn<'_>, actor: &Actor, id: InvitationId) -> Result<InvitationDetails> {
    let whose = whose(actor)?;
    let found = store::find(conn, actor.organization, id).await?;
    let seen = found.filter(|found| whose.is_none_or(|user| found.invitation.invited_by == user));
    seen.ok_or(Error::NotFound("invitation"))
}

/// The invitation that a link opens at `now`. Whatever else is shown opens
/// nothing, for whatever reason.
async fn find_open(keyward: &Keyward, conn: &mut Conn<'_>, token: &Token, now: Timestamp) -> Result<InvitationDetails> {
    let digest = keyward.link_digest(LinkKind::Invitation, token);
    let found = store::find_by_digest(conn, &digest.0).await?;
    found.filter(|found| found.invitation.is_pending(now)).ok_or(Error::InvalidLink)
}

/// In whose name the actor invites.
async fn sender(change: &mut Change<'_>) -> Result<User> {
    let organization = change.actor.organization;
    let user = match change.actor.user() {
        None => None,
        Some(user) => organization::find_member(&mut change.conn(), organization, user).await?,
    };
    user.ok_or_else(|| Error::Forbidden {
        code: "sender_required",
        message: "An invitation is sent in the name of a member of the organization: send it as one.".into(),
    })
}

async fn end(change: &mut Change<'_>, invitation: &Invitation, how: Ending) -> Result<()> {
    let ended = Ended { at: change.now, how };
    Ok(store::end(&mut change.conn(), invitation.organization, invitation.id, ended).await?)
}

/// What the audit log keeps of an invitation: never its link.
fn audited(invitation: &Invitation) -> Value {
    json!({
        "email": invitation.email,
        "role": invitation.grants.role,
        "projects": invitation.grants.projects,
        "expires_at": invitation.expires_at.as_second(),
    })
}

fn no_project(at: usize) -> Error {
    Invalid::new(
        format!("projects[{at}].id"),
        "There is no project with this id here. List the projects for their ids.",
    )
    .into()
}

fn already_member(email: &Email) -> Error {
    Error::Conflict {
        code: "already_member",
        param: Some("email"),
        message: format!("This user is already a member: {email}. Change their roles instead."),
    }
}
