//! Changing a spend alert.

use keyward_domain::{
    actor::Actor,
    clock::to_millis,
    id::SpendAlertId,
    organization::Email,
    permission::Permission,
    spend_alert::{SpendAlert, SpendAlertTerms, month},
};
use keyward_store::{alert_mail, spend_alert as store};

use super::{Whose, place, told::tell, watch::look_again, watched};
use crate::{Error, Keyward, Result, change::Event, error::check_version, place::find_place};

/// What changes.
#[derive(Debug, Clone)]
pub struct UpdateSpendAlert {
    /// Whose alert.
    pub whose: Whose,
    /// Which one.
    pub alert: SpendAlertId,
    /// What it is to be, all of it.
    pub terms: SpendAlertTerms,
    /// The version that the caller read.
    pub expected_version: Option<i64>,
}

/// Changes a spend alert. A threshold that the present month reaches already tells
/// at once, unless the alert has told of this month; one that isn't reached arms it
/// anew. Mails of this month that still wait are written anew. An edit that changes
/// nothing leaves no trace.
pub async fn update(keyward: &Keyward, actor: &Actor, command: UpdateSpendAlert) -> Result<SpendAlert> {
    keyward.settle_for_reader().await;
    let UpdateSpendAlert { whose, alert: id, terms, expected_version } = command;
    let mut change = keyward.change(actor, Permission::AlertsManage, place(whose)).await?;
    let project = find_place(&mut change.conn(), actor.organization, place(whose)).await?;
    let found = store::lock(&mut change.conn(), watched(actor, whose), id).await?;
    let before = found.ok_or(Error::NotFound("spend alert"))?;
    check_version(expected_version, before.version)?;
    if terms == before.terms {
        return Ok(before);
    }
    let now = change.now;
    let mut after = SpendAlert { terms, ..before.clone() };
    after.touch(now);
    let month = month(now);
    let spent = store::spent(&mut change.conn(), after.watched, month).await?;
    let tells = after.take_in(month, spent);
    store::update(&mut change.conn(), &after).await?;
    let waited = if before.reached_month_ms == month.start_ms {
        alert_mail::take_back(&mut change.conn(), after.watched.organization, id, to_millis(now)).await?
    } else {
        Vec::new()
    };
    let to = if tells { after.terms.recipients.clone() } else { still_to_tell(&before, &after, &waited) };
    tell(keyward, &mut change.conn(), &after, (month, spent), &to).await?;
    change.audit(Event::on("spend_alert.updated", id, &before, &after).within(project.as_ref())).await?;
    change.commit().await?;
    look_again(keyward, after.watched).await;
    Ok(after)
}

/// Who is to be told of a month that some weren't told of yet: everybody now named
/// but those who were.
fn still_to_tell(before: &SpendAlert, after: &SpendAlert, waited: &[Email]) -> Vec<Email> {
    if waited.is_empty() || after.reached_month_ms != before.reached_month_ms {
        return Vec::new();
    }
    let was_told = |email: &Email| before.terms.recipients.contains(email) && !waited.contains(email);
    after.terms.recipients.iter().filter(|email| !was_told(email)).cloned().collect()
}
