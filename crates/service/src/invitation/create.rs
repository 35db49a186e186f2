//! Sending an invitation.

use keyward_domain::{
    Timestamp,
    actor::Actor,
    id::InvitationId,
    invitation::{Ended, Ending, Grants, Invitation, LIFETIME},
    organization::Email,
};
use keyward_store::{Conn, invitation as store, organization, project};

use super::{InvitationDetails, already_member, audited, check_managed, check_manages, no_project, sender};
use crate::{
    Error, Keyward, Result,
    authorize::check_grant,
    change::{Change, Event},
    idempotency::Idempotency,
    link::{Link, LinkKind},
    mail::{self, Errand, Invited, Place},
};

/// Who is invited to what.
#[derive(Debug, Clone)]
pub struct CreateInvitation {
    /// Whose invitation it is.
    pub email: Email,
    /// What acceptance gives.
    pub grants: Grants,
    /// Guards against creating twice.
    pub idempotency: Option<Idempotency>,
}

/// An invitation with its link where nobody mails it.
#[derive(Debug, Clone)]
pub struct SentInvitation {
    /// The invitation.
    pub details: InvitationDetails,
    /// The link, shown this once; `None`: it is in the mail.
    pub link: Option<Link>,
}

/// Invites somebody who isn't a member and has no invitation that is pending.
pub async fn create(keyward: &Keyward, actor: &Actor, command: CreateInvitation) -> Result<SentInvitation> {
    let CreateInvitation { email, grants, idempotency } = command;
    grants.check()?;
    check_sender(actor, &grants)?;
    let place = keyward.place_in_queue()?;
    let mut change = keyward.own_change(actor).await?;
    check_sender(&change.actor, &grants)?;
    let (organization, now) = (actor.organization, change.now);
    for (at, grant) in grants.projects.iter().enumerate() {
        if project::find(&mut change.conn(), organization, grant.id).await?.is_none() {
            return Err(no_project(at));
        }
    }
    let inviter = sender(&mut change).await?;
    if let Some(user) = organization::find_user_by_email(&mut change.conn(), &email).await?
        && organization::find_member(&mut change.conn(), organization, user.id).await?.is_some()
    {
        return Err(already_member(&email));
    }
    let id = keyward.new_id(InvitationId::generate);
    change.once(idempotency.as_ref(), id).await?;
    make_room(&mut change.conn(), organization, &email, now).await?;
    let invitation = Invitation {
        id,
        organization,
        email,
        grants,
        invited_by: inviter.id,
        created_at: now,
        expires_at: now.checked_add(LIFETIME).unwrap_or(Timestamp::MAX),
        ended: None,
    };
    let (link, digest) = keyward.new_link(LinkKind::Invitation);
    store::insert(&mut change.conn(), &invitation, &digest.0).await?;
    change.audit(Event::on("invite.sent", id, &(), &audited(&invitation))).await?;
    hand_over(change, place, InvitationDetails { invitation, inviter }, link).await
}

/// Refuses whoever may not invite to this: for lack of the permission, or since
/// they don't hold all of it themselves. Projects that they know nothing of are
/// answered like ones that aren't there.
pub(super) fn check_sender(actor: &Actor, grants: &Grants) -> Result<()> {
    check_manages(actor)?;
    if let Some(at) = grants.projects.iter().position(|grant| !actor.sees(grant.id)) {
        return Err(no_project(at));
    }
    check_managed(actor, grants)?;
    check_grant(actor, &grants.access(actor.organization))
}

/// An invitation whose time is over makes way for a new one.
async fn make_room(
    conn: &mut Conn<'_>,
    organization: keyward_domain::id::OrganizationId,
    email: &Email,
    now: Timestamp,
) -> Result<()> {
    let Some(InvitationDetails { invitation, .. }) = store::find_open(conn, organization, email).await? else {
        return Ok(());
    };
    if invitation.is_pending(now) {
        return Err(Error::Conflict {
            code: "invitation_pending",
            param: Some("email"),
            message: "An invitation is already pending for this e-mail. Send it again, or delete it first.".into(),
        });
    }
    let ended = Ended { at: invitation.expires_at, how: Ending::Expired };
    Ok(store::end(conn, organization, invitation.id, ended).await?)
}

/// Commits, and mails the link or answers it.
pub(super) async fn hand_over(
    mut change: Change<'_>,
    place: Option<Place>,
    details: InvitationDetails,
    link: Link,
) -> Result<SentInvitation> {
    let InvitationDetails { invitation, inviter } = &details;
    let organization = store::destination(&mut change.conn(), invitation.organization).await?.organization;
    let letter = mail::invitation(&Invited { email: &invitation.email, organization: &organization, inviter }, &link);
    change.commit().await?;
    match place {
        None => Ok(SentInvitation { details, link: Some(link) }),
        Some(place) => {
            place.fill(Errand::Letter(letter));
            Ok(SentInvitation { details, link: None })
        }
    }
}
