//! Searching the audit log.

use keyward_domain::{
    actor::Actor,
    id::AuditEventId,
    page::{Listed, Page},
    permission::Permission,
};

use super::{AuditQuery, AuditRecord};
use crate::{Keyward, Result};

/// Which events, and which page of them.
#[derive(Debug, Clone)]
pub struct ListAuditEvents {
    /// Which ones.
    pub query: AuditQuery,
    /// Which page.
    pub page: Page<AuditEventId>,
}

/// One page of the organization's events.
pub async fn list(keyward: &Keyward, actor: &Actor, command: ListAuditEvents) -> Result<Listed<AuditRecord>> {
    let filter = command.query.filter_for(actor, Permission::AuditRead)?;
    let mut connection = keyward.read().await?;
    Ok(keyward_store::audit::list(&mut connection.conn(), actor.organization, &filter, &command.page).await??)
}
