//! Writing the mails that tell of an alert that is reached, within the transaction
//! that notes it.

use keyward_domain::{
    budget::Period,
    id::AlertMailId,
    organization::{Email, Organization},
    project::Project,
    spend_alert::{AlertMail, SpendAlert, sendable_until},
};
use keyward_store::{Conn, StoreError, alert_mail, organization_settings, project};

use crate::{Keyward, Result, mail};

/// What a mail tells of.
pub(crate) struct Reached<'a> {
    pub alert: &'a SpendAlert,
    pub organization: &'a Organization,
    pub project: Option<&'a Project>,
    pub month: Period,
    pub spent_nanos: i64,
}

/// Writes a mail to each of these, which waits from now on.
pub(super) async fn tell(
    keyward: &Keyward,
    conn: &mut Conn<'_>,
    alert: &SpendAlert,
    (month, spent_nanos): (Period, i64),
    recipients: &[Email],
) -> Result<()> {
    if recipients.is_empty() {
        return Ok(());
    }
    let id = alert.watched.organization;
    let settings = organization_settings::find(conn, id).await?;
    let settings = settings.ok_or_else(|| StoreError::Unreadable(format!("spend_alerts.organization_id: {id}")))?;
    let project = match alert.watched.project {
        Some(project) => project::find(conn, id, project).await?,
        None => None,
    };
    let now = keyward.now();
    let reached =
        Reached { alert, organization: &settings.organization, project: project.as_ref(), month, spent_nanos };
    let (subject, text) = mail::spend_alert(&reached, now, keyward.public_url());
    for recipient in recipients {
        let mail = AlertMail {
            id: keyward.new_id(AlertMailId::generate),
            organization: id,
            alert: alert.id,
            recipient: recipient.clone(),
            subject: subject.clone(),
            text: text.clone(),
            created_at: now,
            due_at: now,
            expires_at: sendable_until(month, now),
            tries: 0,
        };
        alert_mail::insert(conn, &mail).await?;
    }
    if !keyward.sends_mail() {
        tracing::warn!(alert = %alert.id, "a spend alert is reached, and nobody is told: no mail server is set (smtp_url)");
    }
    Ok(())
}
