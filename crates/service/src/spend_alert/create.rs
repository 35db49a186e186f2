//! Creating a spend alert.

use keyward_domain::{
    actor::Actor,
    id::SpendAlertId,
    permission::Permission,
    spend_alert::{MAX_ALERTS, SpendAlert, SpendAlertTerms, month},
};
use keyward_store::spend_alert as store;

use super::{Whose, place, told::tell, watch::look_again, watched};
use crate::{Error, Keyward, Result, change::Event, idempotency::Idempotency, place::find_place};

/// What the alert will be.
#[derive(Debug, Clone)]
pub struct CreateSpendAlert {
    /// Whose cost it watches.
    pub whose: Whose,
    /// What it is.
    pub terms: SpendAlertTerms,
    /// Guards against creating twice.
    pub idempotency: Option<Idempotency>,
}

/// Makes a spend alert. One that the present month reaches already tells at once.
pub async fn create(keyward: &Keyward, actor: &Actor, command: CreateSpendAlert) -> Result<SpendAlert> {
    keyward.settle_for_reader().await;
    let CreateSpendAlert { whose, terms, idempotency } = command;
    let mut change = keyward.change(actor, Permission::AlertsManage, place(whose)).await?;
    let project = find_place(&mut change.conn(), actor.organization, place(whose)).await?;
    let now = change.now;
    let mut alert = SpendAlert {
        id: keyward.new_id(SpendAlertId::generate),
        watched: watched(actor, whose),
        terms,
        reached_month_ms: 0,
        last_notified_at: None,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    change.once(idempotency.as_ref(), alert.id).await?;
    let count = store::count(&mut change.conn(), alert.watched).await?;
    if count >= MAX_ALERTS {
        let message = format!("There are {count} spend alerts here, which is the most. Delete one that isn't needed.");
        return Err(Error::Conflict { code: "too_many_spend_alerts", param: None, message });
    }
    let month = month(now);
    let spent = store::spent(&mut change.conn(), alert.watched, month).await?;
    let tells = alert.take_in(month, spent);
    store::insert(&mut change.conn(), &alert).await?;
    if tells {
        tell(keyward, &mut change.conn(), &alert, (month, spent), &alert.terms.recipients).await?;
    }
    change.audit(Event::on("spend_alert.created", alert.id, &(), &alert).within(project.as_ref())).await?;
    change.commit().await?;
    look_again(keyward, alert.watched).await;
    Ok(alert)
}
