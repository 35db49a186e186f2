//! Sending an invitation again.

use keyward_domain::{
    Timestamp,
    actor::Actor,
    id::InvitationId,
    invitation::{Invitation, LIFETIME},
};
use keyward_store::invitation as store;

use super::{
    InvitationDetails, SentInvitation, audited, check_manages, check_own,
    create::{check_sender, hand_over},
    find_seen, sender,
};
use crate::{Error, Keyward, Result, change::Event, link::LinkKind};

/// Gives an invitation that nobody ended a new link and another seven days, in
/// the actor's name. The old link opens nothing any more.
pub async fn resend(keyward: &Keyward, actor: &Actor, id: InvitationId) -> Result<SentInvitation> {
    let place = keyward.place_in_queue()?;
    let mut change = keyward.own_change(actor).await?;
    let asking = change.actor.clone();
    check_manages(&asking)?;
    let found = find_seen(&mut change.conn(), &asking, id).await?.invitation;
    check_own(&asking, &found.grants)?;
    check_sender(&asking, &found.grants)?;
    if let Some(ended) = found.ended {
        return Err(Error::Conflict {
            code: "invitation_ended",
            param: None,
            message: format!("This invitation has ended ({}). Make a new one.", ended.how.as_str()),
        });
    }
    let inviter = sender(&mut change).await?;
    let before = audited(&found);
    let expires_at = change.now.checked_add(LIFETIME).unwrap_or(Timestamp::MAX);
    let invitation = Invitation { invited_by: inviter.id, expires_at, ..found };
    let (link, digest) = keyward.new_link(LinkKind::Invitation);
    store::renew(&mut change.conn(), &invitation, &digest.0).await?;
    change.audit(Event::on("invite.resent", id, &before, &audited(&invitation))).await?;
    hand_over(change, place, InvitationDetails { invitation, inviter }, link).await
}
