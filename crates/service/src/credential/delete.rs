//! Deleting a credential.

use keyward_domain::{
    actor::Actor,
    id::{CredentialId, ProjectId},
    permission::Permission,
};

use super::{audited, find_own, scope, subject};
use crate::{Keyward, Result, change::Event};

/// Forgets a credential and its secret where it belongs (`project`; `None`:
/// the organization's own). Calls don't use it from the next one on.
pub async fn delete(keyward: &Keyward, actor: &Actor, project: Option<ProjectId>, id: CredentialId) -> Result<()> {
    let mut change = keyward.change(actor, Permission::CredentialsManage, scope(project)).await?;
    let (before, within) = find_own(&mut change.conn(), actor, project, id).await?;
    let before = before.credential;
    keyward_store::credential::delete(&mut change.conn(), actor.organization, id).await?;
    let state = audited(&before, before.redacted_value.is_some().then_some("set"));
    let event = Event::on("credential.deleted", id, &state, &());
    change.audit(event.within(within.as_ref())).await?;
    change.log(subject(&before)).await?;
    change.commit().await
}
