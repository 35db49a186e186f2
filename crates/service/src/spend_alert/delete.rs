//! Deleting a spend alert.

use keyward_domain::{actor::Actor, id::SpendAlertId, permission::Permission};
use keyward_store::{alert_mail, spend_alert as store};

use super::{Whose, find_in, place, watched};
use crate::{Keyward, Result, change::Event, place::find_place};

/// Forgets a spend alert, and its mails that still wait.
pub async fn delete(keyward: &Keyward, actor: &Actor, whose: Whose, id: SpendAlertId) -> Result<()> {
    let mut change = keyward.change(actor, Permission::AlertsManage, place(whose)).await?;
    let project = find_place(&mut change.conn(), actor.organization, place(whose)).await?;
    let alert = find_in(&mut change.conn(), watched(actor, whose), id).await?;
    store::delete(&mut change.conn(), actor.organization, id).await?;
    alert_mail::take_back(&mut change.conn(), actor.organization, id, i64::MAX).await?;
    change.audit(Event::on("spend_alert.deleted", id, &alert, &()).within(project.as_ref())).await?;
    change.commit().await
}
