//! How long an organization keeps its data, and when that was last looked after.

use keyward_domain::{
    Timestamp,
    clock::{from_millis, to_millis},
    id::OrganizationId,
    retention::{DataClass, Keep, RetentionRun, RetentionSettings},
};

use crate::{Conn, StoreError};

const SETTINGS: &str =
    "SELECT class, keep_days, version FROM retention_settings WHERE organization_id = $1 ORDER BY class";

/// What an organization decided, and the version of it: 1 before the first
/// decision.
pub async fn settings(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
) -> Result<(RetentionSettings, i64), StoreError> {
    let rows = sql!(conn, fetch_all as (String, Option<i64>, i64), SETTINGS, organization.uuid())?;
    let (mut settings, mut version) = (RetentionSettings::default(), 1);
    for (name, days, of_row) in rows {
        let class = class("retention_settings.class", &name)?;
        // What nobody can have decided deletes nothing.
        let keep = Keep::parse("keep_days", class, days)
            .map_err(|_| StoreError::unreadable("retention_settings.keep_days", days))?;
        settings.set(class, keep);
        version = version.max(of_row);
    }
    Ok((settings, version))
}

const PUT: &str = "INSERT INTO retention_settings (organization_id, class, keep_days, version) VALUES ($1, $2, $3, $4)
    ON CONFLICT (organization_id, class) DO UPDATE SET keep_days = $3, version = $4";

/// Keeps what was decided on a class, under the version that this makes.
pub async fn put(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    class: DataClass,
    keep: Keep,
    version: i64,
) -> Result<(), StoreError> {
    let days = keep.days().map(i64::from);
    sql!(conn, execute, PUT, organization.uuid(), class.as_str(), days, version).map(drop)
}

#[derive(sqlx::FromRow)]
struct RunRow {
    class: String,
    started_at: i64,
    deleted: i64,
    first_at: Option<i64>,
    last_at: Option<i64>,
    problem: Option<String>,
}

const RUNS: &str = "SELECT class, started_at, deleted, first_at, last_at, problem FROM retention_runs
    WHERE organization_id = $1 ORDER BY class";

/// The last run of each class that was ever looked after.
pub async fn runs(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
) -> Result<Vec<(DataClass, RetentionRun)>, StoreError> {
    let rows = sql!(conn, fetch_all as RunRow, RUNS, organization.uuid())?;
    let read = |row: RunRow| {
        let run = RetentionRun {
            started_at: from_millis(row.started_at),
            deleted: row.deleted,
            from: row.first_at.map(from_millis),
            to: row.last_at.map(from_millis),
            problem: row.problem,
        };
        Ok((class("retention_runs.class", &row.class)?, run))
    };
    rows.into_iter().map(read).collect()
}

const BEGIN_RUN: &str =
    "INSERT INTO retention_runs (organization_id, class, started_at, deleted) VALUES ($1, $2, $3, 0)
    ON CONFLICT (organization_id, class) DO UPDATE
    SET started_at = $3, deleted = 0, first_at = NULL, last_at = NULL
    WHERE retention_runs.started_at <= $4 OR retention_runs.started_at > $3";

/// Notes that a run begins `now`, unless one began after `horizon` (and not in
/// the future). Of several who try at once, one is answered `true`. What the run
/// before ran into stays until this one has come further.
pub async fn begin_run(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    class: DataClass,
    now: Timestamp,
    horizon: Timestamp,
) -> Result<bool, StoreError> {
    let (now, horizon) = (to_millis(now), to_millis(horizon));
    Ok(sql!(conn, execute, BEGIN_RUN, organization.uuid(), class.as_str(), now, horizon)? == 1)
}

const PUT_RUN: &str =
    "INSERT INTO retention_runs (organization_id, class, started_at, deleted, first_at, last_at, problem)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (organization_id, class) DO UPDATE
    SET started_at = $3, deleted = $4, first_at = $5, last_at = $6, problem = $7";

/// Keeps how far a run has come.
pub async fn put_run(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    class: DataClass,
    run: &RetentionRun,
) -> Result<(), StoreError> {
    sql!(
        conn,
        execute,
        PUT_RUN,
        organization.uuid(),
        class.as_str(),
        to_millis(run.started_at),
        run.deleted,
        run.from.map(to_millis),
        run.to.map(to_millis),
        run.problem.as_deref()
    )
    .map(drop)
}

fn class(column: &str, name: &str) -> Result<DataClass, StoreError> {
    DataClass::parse(name).ok_or_else(|| StoreError::unreadable(column, name))
}
