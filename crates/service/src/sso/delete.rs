//! Disconnecting an identity provider.

use keyward_domain::{actor::Actor, id::SsoProviderId, permission::Permission, role::Scope};
use keyward_store::{identity, session, sso_grants, sso_provider as store};
use serde_json::json;

use super::{audited, check_not_last, find_own, grants};
use crate::{Keyward, Result, change::Event};

/// Forgets a provider, its secret and whom it knows; its sessions end, and what
/// its claims gave is taken back. Its members stay members.
pub async fn delete(keyward: &Keyward, actor: &Actor, id: SsoProviderId) -> Result<()> {
    let mut change = keyward.change(actor, Permission::SsoManage, Scope::Organization).await?;
    let before = find_own(&mut change, id).await?;
    check_not_last(&mut change, &before).await?;
    let organization = before.organization;
    let sessions = session::delete_of_provider(&mut change.conn(), organization, id).await?;
    let identities = identity::delete_of(&mut change.conn(), id).await?;
    let held = sso_grants::of(&mut change.conn(), organization, id, None).await?;
    store::delete(&mut change.conn(), organization, id).await?;
    let state = audited(&before, before.redacted_value.is_some().then_some("set"));
    let mut event = Event::on("sso_provider.deleted", id, &state, &());
    event.after = json!({ "ended_sessions": sessions, "forgotten_identities": identities });
    change.audit(event).await?;
    for held in held {
        grants::withdraw(&mut change, id, held).await?;
    }
    change.commit().await
}
