//! Looking invitations up.

use keyward_domain::{
    actor::Actor,
    id::InvitationId,
    page::{Listed, Page},
};
use keyward_store::invitation as store;

use super::{InvitationDetails, find_seen, whose};
use crate::{Keyward, Result};

/// One page of the organization's invitations, as far as the actor sees them.
pub async fn list(keyward: &Keyward, actor: &Actor, page: Page<InvitationId>) -> Result<Listed<InvitationDetails>> {
    let whose = whose(actor)?;
    let mut connection = keyward.read().await?;
    Ok(store::list(&mut connection.conn(), actor.organization, whose, &page).await??)
}

/// One invitation of the organization.
pub async fn find(keyward: &Keyward, actor: &Actor, id: InvitationId) -> Result<InvitationDetails> {
    whose(actor)?;
    let mut connection = keyward.read().await?;
    find_seen(&mut connection.conn(), actor, id).await
}
