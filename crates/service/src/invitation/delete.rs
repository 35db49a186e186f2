//! Withdrawing an invitation.

use keyward_domain::{actor::Actor, id::InvitationId, invitation::Ending};

use super::{audited, check_manages, check_own, end, find_seen};
use crate::{Error, Keyward, Result, authorize::check_reach, change::Event};

/// Ends an invitation: its link opens nothing any more. One that ended already
/// stays as it is; one that was accepted can't be withdrawn.
pub async fn delete(keyward: &Keyward, actor: &Actor, id: InvitationId) -> Result<()> {
    let mut change = keyward.own_change(actor).await?;
    let asking = change.actor.clone();
    check_manages(&asking)?;
    let invitation = find_seen(&mut change.conn(), &asking, id).await?.invitation;
    check_own(&asking, &invitation.grants)?;
    check_reach(&asking, &invitation.grants.access(asking.organization))?;
    match invitation.ended_as(change.now) {
        Some(Ending::Accepted) => {
            return Err(Error::Conflict {
                code: "invitation_accepted",
                param: None,
                message: "This invitation was accepted: it can't be deleted any more. Remove the member instead."
                    .into(),
            });
        }
        Some(_) => return Ok(()),
        None => {}
    }
    end(&mut change, &invitation, Ending::Revoked).await?;
    change.audit(Event::on("invite.deleted", id, &audited(&invitation), &())).await?;
    change.commit().await
}
