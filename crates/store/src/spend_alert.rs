//! Spend alerts of projects and of organizations, and which of them are reached.

use keyward_domain::{
    budget::Period,
    clock::{from_millis, to_millis},
    id::{OrganizationId, ProjectId, SpendAlertId},
    organization::Email,
    page::{Listed, Page},
    spend_alert::{SpendAlert, SpendAlertTerms, Watched},
};
use uuid::Uuid;

use crate::{
    Conn, CursorUnknown, StoreError,
    page::{Paged, paged},
    usage_rollup::Width,
};

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    organization_id: Uuid,
    project_id: Option<Uuid>,
    threshold_cents: i64,
    recipients: String,
    subject_prefix: Option<String>,
    reached_month: i64,
    last_notified_at: Option<i64>,
    created_at: i64,
    updated_at: i64,
    version: i64,
}

impl TryFrom<Row> for SpendAlert {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let recipients: Vec<String> = serde_json::from_str(&row.recipients)
            .map_err(|error| StoreError::unreadable("spend_alerts.recipients", error))?;
        Ok(Self {
            id: SpendAlertId::from_uuid(row.id),
            watched: watched(row.organization_id, row.project_id),
            terms: SpendAlertTerms {
                threshold_cents: row.threshold_cents,
                recipients: recipients.into_iter().map(Email::from_stored).collect(),
                subject_prefix: row.subject_prefix,
            },
            reached_month_ms: row.reached_month,
            last_notified_at: row.last_notified_at.map(from_millis),
            created_at: from_millis(row.created_at),
            updated_at: from_millis(row.updated_at),
            version: row.version,
        })
    }
}

fn watched(organization: Uuid, project: Option<Uuid>) -> Watched {
    Watched { organization: OrganizationId::from_uuid(organization), project: project.map(ProjectId::from_uuid) }
}

fn recipients(alert: &SpendAlert) -> Result<String, StoreError> {
    serde_json::to_string(&alert.terms.recipients)
        .map_err(|error| StoreError::unreadable("spend_alerts.recipients", error))
}

const INSERT: &str =
    "INSERT INTO spend_alerts (id, organization_id, project_id, holder_id, threshold_cents, recipients,
        subject_prefix, reached_month, last_notified_at, created_at, updated_at, version)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

/// Keeps a new alert.
pub async fn insert(conn: &mut Conn<'_>, alert: &SpendAlert) -> Result<(), StoreError> {
    sql!(
        conn,
        execute,
        INSERT,
        alert.id.uuid(),
        alert.watched.organization.uuid(),
        alert.watched.project.map(ProjectId::uuid),
        alert.watched.holder(),
        alert.terms.threshold_cents,
        recipients(alert)?,
        alert.terms.subject_prefix.as_deref(),
        alert.reached_month_ms,
        alert.last_notified_at.map(to_millis),
        to_millis(alert.created_at),
        to_millis(alert.updated_at),
        alert.version
    )
    .map(drop)
}

const UPDATE: &str = "UPDATE spend_alerts SET threshold_cents = $3, recipients = $4, subject_prefix = $5,
        reached_month = $6, updated_at = $7, version = $8
    WHERE organization_id = $1 AND id = $2";

/// Keeps a changed alert; when it last told somebody stays as it is.
pub async fn update(conn: &mut Conn<'_>, alert: &SpendAlert) -> Result<(), StoreError> {
    sql!(
        conn,
        execute,
        UPDATE,
        alert.watched.organization.uuid(),
        alert.id.uuid(),
        alert.terms.threshold_cents,
        recipients(alert)?,
        alert.terms.subject_prefix.as_deref(),
        alert.reached_month_ms,
        to_millis(alert.updated_at),
        alert.version
    )
    .map(drop)
}

const DELETE: &str = "DELETE FROM spend_alerts WHERE organization_id = $1 AND id = $2";

/// Forgets an alert.
pub async fn delete(conn: &mut Conn<'_>, organization: OrganizationId, id: SpendAlertId) -> Result<(), StoreError> {
    sql!(conn, execute, DELETE, organization.uuid(), id.uuid()).map(drop)
}

macro_rules! columns {
    () => {
        "id, organization_id, project_id, threshold_cents, recipients, subject_prefix, reached_month,
            last_notified_at, created_at, updated_at, version"
    };
}

const FIND: &str =
    concat!("SELECT ", columns!(), " FROM spend_alerts WHERE organization_id = $1 AND holder_id = $2 AND id = $3");

/// An alert of that project or organization.
pub async fn find(conn: &mut Conn<'_>, watched: Watched, id: SpendAlertId) -> Result<Option<SpendAlert>, StoreError> {
    let (organization, holder) = (watched.organization.uuid(), watched.holder());
    sql!(conn, fetch_optional as Row, FIND, organization, holder, id.uuid())?.map(TryInto::try_into).transpose()
}

/// The same, held until the transaction ends: nobody notes meanwhile that it is
/// reached. SQLite has one writer anyway.
pub async fn lock(conn: &mut Conn<'_>, watched: Watched, id: SpendAlertId) -> Result<Option<SpendAlert>, StoreError> {
    const HOLD: &str = "UPDATE spend_alerts SET version = version WHERE organization_id = $1 AND id = $2";
    sql!(conn, execute, HOLD, watched.organization.uuid(), id.uuid())?;
    find(conn, watched, id).await
}

const COUNT: &str = "SELECT COUNT(*) FROM spend_alerts WHERE organization_id = $1 AND holder_id = $2";

/// How many alerts a project or organization has.
pub async fn count(conn: &mut Conn<'_>, watched: Watched) -> Result<i64, StoreError> {
    Ok(sql!(conn, fetch_one as (i64,), COUNT, watched.organization.uuid(), watched.holder())?.0)
}

const LIST: Paged =
    paged!(concat!("SELECT ", columns!(), " FROM spend_alerts WHERE organization_id = $3 AND holder_id = $4"), "id");

/// One page of the alerts of a project or organization. `Err(CursorUnknown)`
/// inside for a cursor that isn't one of them.
pub async fn list(
    conn: &mut Conn<'_>,
    watched: Watched,
    page: &Page<SpendAlertId>,
) -> Result<Result<Listed<SpendAlert>, CursorUnknown>, StoreError> {
    if let Some(cursor) = page.cursor
        && find(conn, watched, cursor.id()).await?.is_none()
    {
        return Ok(Err(CursorUnknown(cursor.param())));
    }
    let (text, travel) = LIST.travel(page, SpendAlertId::uuid);
    let (organization, holder) = (watched.organization.uuid(), watched.holder());
    let rows = sql!(conn, fetch_all as Row, text, travel.bound, travel.limit, organization, holder)?;
    let alerts = rows.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
    Ok(Ok(travel.finish(alerts)))
}

const COUNT_ALL: &str = "SELECT COUNT(*) FROM spend_alerts";

/// How many alerts there are in the whole installation.
pub async fn count_all(conn: &mut Conn<'_>) -> Result<i64, StoreError> {
    Ok(sql!(conn, fetch_one as (i64,), COUNT_ALL)?.0)
}

const OPEN: &str = "SELECT DISTINCT organization_id, project_id FROM spend_alerts WHERE reached_month < $1";

/// Whose alerts aren't reached in the month that begins then, in the whole
/// installation.
pub async fn open_any(conn: &mut Conn<'_>, month_ms: i64) -> Result<Vec<Watched>, StoreError> {
    let rows = sql!(conn, fetch_all as (Uuid, Option<Uuid>), OPEN, month_ms)?;
    Ok(rows.into_iter().map(|(organization, project)| watched(organization, project)).collect())
}

const OPEN_OF_PROJECT: &str = "SELECT DISTINCT organization_id, project_id FROM spend_alerts
    WHERE reached_month < $2 AND holder_id IN (SELECT id FROM projects WHERE id = $1
        UNION SELECT organization_id FROM projects WHERE id = $1)";

/// Which of a project and its organization have alerts that aren't reached in the
/// month that begins then, whosever the project is: for the usage journal.
pub async fn open_of_project_any(
    conn: &mut Conn<'_>,
    project: ProjectId,
    month_ms: i64,
) -> Result<Vec<Watched>, StoreError> {
    let rows = sql!(conn, fetch_all as (Uuid, Option<Uuid>), OPEN_OF_PROJECT, project.uuid(), month_ms)?;
    Ok(rows.into_iter().map(|(organization, project)| watched(organization, project)).collect())
}

const IS_OPEN: &str = "SELECT id FROM spend_alerts WHERE reached_month < $1 LIMIT 1";

/// Whether any alert isn't reached in the month that begins then.
pub async fn is_any_open(conn: &mut Conn<'_>, month_ms: i64) -> Result<bool, StoreError> {
    Ok(sql!(conn, fetch_optional as (Uuid,), IS_OPEN, month_ms)?.is_some())
}

const SPENT: &str = "SELECT CAST(COALESCE(SUM(cost_nanos), 0) AS BIGINT) FROM usage_rollups
    WHERE organization_id = $1 AND width = $2 AND at >= $3 AND at < $4 AND (project_id = $5 OR $5 IS NULL)";

/// What calls cost in a month, in nanodollars: by the hours that usage is kept in.
pub async fn spent(conn: &mut Conn<'_>, watched: Watched, month: Period) -> Result<i64, StoreError> {
    let (organization, project) = (watched.organization.uuid(), watched.project.map(ProjectId::uuid));
    let width = Width::Hour.seconds();
    Ok(sql!(conn, fetch_one as (i64,), SPENT, organization, width, month.start_ms, month.end_ms, project)?.0)
}

const LEAST_OPEN: &str = "SELECT MIN(threshold_cents) FROM spend_alerts
    WHERE organization_id = $1 AND holder_id = $2 AND reached_month < $3 AND updated_at < $4";

/// The lowest threshold, in cents, of the alerts that aren't reached in a month
/// and were there before it ended.
pub async fn least_open(conn: &mut Conn<'_>, watched: Watched, month: Period) -> Result<Option<i64>, StoreError> {
    let (organization, holder) = (watched.organization.uuid(), watched.holder());
    Ok(sql!(conn, fetch_one as (Option<i64>,), LEAST_OPEN, organization, holder, month.start_ms, month.end_ms)?.0)
}

const REACH: &str = concat!(
    "UPDATE spend_alerts SET reached_month = $3
    WHERE organization_id = $1 AND holder_id = $2 AND reached_month < $3 AND updated_at < $4 AND threshold_cents <= $5
    RETURNING ",
    columns!()
);

/// Notes of all these alerts that are reached by so many cents that they are, and
/// answers them: each once for a month, whoever asks at the same time.
pub async fn reach(
    conn: &mut Conn<'_>,
    watched: Watched,
    month: Period,
    cents: i64,
) -> Result<Vec<SpendAlert>, StoreError> {
    let (organization, holder) = (watched.organization.uuid(), watched.holder());
    let rows = sql!(conn, fetch_all as Row, REACH, organization, holder, month.start_ms, month.end_ms, cents)?;
    rows.into_iter().map(TryInto::try_into).collect()
}

const NOTIFIED: &str = "UPDATE spend_alerts SET last_notified_at = $3
    WHERE organization_id = $1 AND id = $2 AND (last_notified_at IS NULL OR last_notified_at < $3)";

/// Notes when a mail of an alert was handed to the mail server.
pub async fn notified(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    id: SpendAlertId,
    at_ms: i64,
) -> Result<(), StoreError> {
    sql!(conn, execute, NOTIFIED, organization.uuid(), id.uuid(), at_ms).map(drop)
}
