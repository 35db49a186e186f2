//! Looking spend alerts up.

use keyward_domain::{
    actor::Actor,
    id::SpendAlertId,
    page::{Listed, Page},
    permission::Permission,
    spend_alert::SpendAlert,
};
use keyward_store::spend_alert as store;

use super::{Whose, find_in, place, watched};
use crate::{Keyward, Result, authorize::authorize, place::find_place};

/// Whose alerts, and which page of them.
#[derive(Debug, Clone)]
pub struct ListSpendAlerts {
    /// Whose.
    pub whose: Whose,
    /// Which page.
    pub page: Page<SpendAlertId>,
}

/// One page of the spend alerts of a project or of the organization.
pub async fn list(keyward: &Keyward, actor: &Actor, query: ListSpendAlerts) -> Result<Listed<SpendAlert>> {
    authorize(actor, Permission::AlertsRead, place(query.whose))?;
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    find_place(conn, actor.organization, place(query.whose)).await?;
    Ok(store::list(conn, watched(actor, query.whose), &query.page).await??)
}

/// One of them.
pub async fn find(keyward: &Keyward, actor: &Actor, whose: Whose, id: SpendAlertId) -> Result<SpendAlert> {
    authorize(actor, Permission::AlertsRead, place(whose))?;
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    find_place(conn, actor.organization, place(whose)).await?;
    find_in(conn, watched(actor, whose), id).await
}
