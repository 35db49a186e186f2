//! Mails about alerts that wait to be sent.

use keyward_domain::{
    clock::{from_millis, to_millis},
    id::{AlertMailId, OrganizationId, SpendAlertId},
    organization::Email,
    spend_alert::AlertMail,
};
use uuid::Uuid;

use crate::{Conn, StoreError};

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    organization_id: Uuid,
    alert_id: Uuid,
    recipient: String,
    subject: String,
    text: String,
    created_at: i64,
    due_at: i64,
    expires_at: i64,
    tries: i64,
}

impl From<Row> for AlertMail {
    fn from(row: Row) -> Self {
        Self {
            id: AlertMailId::from_uuid(row.id),
            organization: OrganizationId::from_uuid(row.organization_id),
            alert: SpendAlertId::from_uuid(row.alert_id),
            recipient: Email::from_stored(row.recipient),
            subject: row.subject,
            text: row.text,
            created_at: from_millis(row.created_at),
            due_at: from_millis(row.due_at),
            expires_at: from_millis(row.expires_at),
            tries: row.tries,
        }
    }
}

const INSERT: &str = "INSERT INTO alert_mails
    (id, organization_id, alert_id, recipient, subject, text, created_at, due_at, taken_until, expires_at, tries)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10)";

/// Keeps a mail that is to be sent.
pub async fn insert(conn: &mut Conn<'_>, mail: &AlertMail) -> Result<(), StoreError> {
    sql!(
        conn,
        execute,
        INSERT,
        mail.id.uuid(),
        mail.organization.uuid(),
        mail.alert.uuid(),
        mail.recipient.as_str(),
        mail.subject.as_str(),
        mail.text.as_str(),
        to_millis(mail.created_at),
        to_millis(mail.due_at),
        to_millis(mail.expires_at),
        mail.tries
    )
    .map(drop)
}

const DUE: &str =
    "SELECT id, organization_id, alert_id, recipient, subject, text, created_at, due_at, expires_at, tries
    FROM alert_mails WHERE due_at <= $1 AND taken_until <= $1 AND expires_at > $1 ORDER BY due_at, id LIMIT $2";

/// Some mails that are due, of whatever organization: for whoever sends them.
pub async fn due_any(conn: &mut Conn<'_>, now_ms: i64, most: i64) -> Result<Vec<AlertMail>, StoreError> {
    Ok(sql!(conn, fetch_all as Row, DUE, now_ms, most)?.into_iter().map(Into::into).collect())
}

const TAKE: &str = "UPDATE alert_mails SET taken_until = $3, tries = tries + 1 WHERE id = $1 AND tries = $2";

/// Takes a mail that was read as due, for one more try until `until_ms`. Answers
/// whether it is still to be sent, and nobody else took it.
pub async fn take_any(conn: &mut Conn<'_>, mail: &AlertMail, until_ms: i64) -> Result<bool, StoreError> {
    Ok(sql!(conn, execute, TAKE, mail.id.uuid(), mail.tries, until_ms)? > 0)
}

const PUT_OFF: &str = "UPDATE alert_mails SET due_at = $2, taken_until = 0 WHERE id = $1";

/// Lets a mail that was taken wait until then.
pub async fn put_off_any(conn: &mut Conn<'_>, id: AlertMailId, due_ms: i64) -> Result<(), StoreError> {
    sql!(conn, execute, PUT_OFF, id.uuid(), due_ms).map(drop)
}

const DELETE: &str = "DELETE FROM alert_mails WHERE id = $1";

/// Forgets a mail that was sent.
pub async fn delete_any(conn: &mut Conn<'_>, id: AlertMailId) -> Result<(), StoreError> {
    sql!(conn, execute, DELETE, id.uuid()).map(drop)
}

const DELETE_EXPIRED: &str = "DELETE FROM alert_mails WHERE expires_at <= $1";

/// Forgets mails that make no sense any more; answers how many.
pub async fn delete_expired(conn: &mut Conn<'_>, now_ms: i64) -> Result<u64, StoreError> {
    sql!(conn, execute, DELETE_EXPIRED, now_ms)
}

const TAKE_BACK: &str = "DELETE FROM alert_mails WHERE organization_id = $1 AND alert_id = $2 AND taken_until <= $3
    RETURNING recipient";

/// Forgets the mails of an alert that wait and that nobody is just sending;
/// answers whom they were for.
pub async fn take_back(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    alert: SpendAlertId,
    now_ms: i64,
) -> Result<Vec<Email>, StoreError> {
    let rows = sql!(conn, fetch_all as (String,), TAKE_BACK, organization.uuid(), alert.uuid(), now_ms)?;
    Ok(rows.into_iter().map(|(recipient,)| Email::from_stored(recipient)).collect())
}

const COUNT_ALL: &str = "SELECT COUNT(*) FROM alert_mails";

/// How many mails wait in the whole installation.
pub async fn count_all(conn: &mut Conn<'_>) -> Result<i64, StoreError> {
    Ok(sql!(conn, fetch_one as (i64,), COUNT_ALL)?.0)
}
