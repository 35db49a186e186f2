//! Declining an invitation.

use keyward_domain::{
    actor::{Actor, RequestOrigin},
    invitation::Ending,
    secret::Token,
};
use keyward_store::organization;

use super::{audited, end, find_open};
use crate::{Keyward, Result, change::Event, session::newcomer};

/// Ends the invitation that `token` opens, as its holder wants.
pub async fn decline(keyward: &Keyward, token: &Token, origin: RequestOrigin) -> Result<()> {
    let actor = {
        let mut connection = keyward.read().await?;
        let conn = &mut connection.conn();
        let found = find_open(keyward, conn, token, keyward.now()).await?.invitation;
        match organization::find_user_by_email(conn, &found.email).await? {
            Some(user) => newcomer(found.organization, &user, origin),
            // Whoever has no account declines without one: the event says which address.
            None => Actor { origin, ..Actor::system(found.organization) },
        }
    };
    let mut change = keyward.own_change(&actor).await?;
    let now = change.now;
    let invitation = find_open(keyward, &mut change.conn(), token, now).await?.invitation;
    end(&mut change, &invitation, Ending::Declined).await?;
    change.audit(Event::on("invite.declined", invitation.id, &audited(&invitation), &())).await?;
    change.commit().await
}
