//! Looking invitations up.

use keyward_domain::{
    actor::Actor,
    id::{InvitationId, ProjectId},
    page::{Listed, Page},
    permission::Permission,
    role::Scope,
};
use keyward_store::invitation::{self as store, InvitationFilter};

use super::{InvitationDetails, find_seen, whose};
use crate::{Keyward, Result, authorize::authorize};

/// One page of the organization's invitations, as far as the actor sees them;
/// with a project only those into it.
pub async fn list(
    keyward: &Keyward,
    actor: &Actor,
    project: Option<ProjectId>,
    page: Page<InvitationId>,
) -> Result<Listed<InvitationDetails>> {
    if let Some(project) = project {
        authorize(actor, Permission::MembersRead, Scope::Project(project))?;
    }
    let filter = InvitationFilter { invited_by: whose(actor)?, project };
    let mut connection = keyward.read().await?;
    Ok(store::list(&mut connection.conn(), actor.organization, filter, &page).await??)
}

/// One invitation of the organization.
pub async fn find(keyward: &Keyward, actor: &Actor, id: InvitationId) -> Result<InvitationDetails> {
    whose(actor)?;
    let mut connection = keyward.read().await?;
    find_seen(&mut connection.conn(), actor, id).await
}
