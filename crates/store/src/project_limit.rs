//! The limits of projects. A project has at most one for each model pattern, and
//! one for all of its calls.

use keyward_domain::{
    clock::{from_millis, to_millis},
    id::{LimitId, OrganizationId, ProjectId},
    limit::{Limits, ProjectLimit},
    page::{Listed, Page},
};
use uuid::Uuid;

use crate::{
    Conn, CursorUnknown, StoreError,
    page::{Paged, paged},
};

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    organization_id: Uuid,
    project_id: Uuid,
    model: String,
    requests_per_minute: Option<i64>,
    tokens_per_minute: Option<i64>,
    parallel_requests: Option<i64>,
    shadow: bool,
    created_at: i64,
    updated_at: i64,
    version: i64,
}

impl From<Row> for ProjectLimit {
    fn from(row: Row) -> Self {
        Self {
            id: LimitId::from_uuid(row.id),
            organization: OrganizationId::from_uuid(row.organization_id),
            project: ProjectId::from_uuid(row.project_id),
            model: (!row.model.is_empty()).then_some(row.model),
            limits: Limits {
                requests_per_minute: row.requests_per_minute.map(i64::cast_unsigned),
                tokens_per_minute: row.tokens_per_minute.map(i64::cast_unsigned),
                parallel_requests: row.parallel_requests.map(i64::cast_unsigned),
                shadow: row.shadow,
            },
            created_at: from_millis(row.created_at),
            updated_at: from_millis(row.updated_at),
            version: row.version,
        }
    }
}

/// The three numbers as they are stored.
fn numbers(limits: &Limits) -> [Option<i64>; 3] {
    let Limits { requests_per_minute, tokens_per_minute, parallel_requests, shadow: _ } = *limits;
    [requests_per_minute, tokens_per_minute, parallel_requests]
        .map(|number| number.map(|number| i64::try_from(number).unwrap_or(i64::MAX)))
}

const INSERT: &str = "INSERT INTO project_limits (id, organization_id, project_id, model, requests_per_minute,
        tokens_per_minute, parallel_requests, created_at, updated_at, version, shadow)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

/// Keeps a new limit. A model that has one already is [`model_is_taken`].
pub async fn insert(conn: &mut Conn<'_>, limit: &ProjectLimit) -> Result<(), StoreError> {
    let [requests, tokens, parallel] = numbers(&limit.limits);
    sql!(
        conn,
        execute,
        INSERT,
        limit.id.uuid(),
        limit.organization.uuid(),
        limit.project.uuid(),
        limit.model.as_deref().unwrap_or_default(),
        requests,
        tokens,
        parallel,
        to_millis(limit.created_at),
        to_millis(limit.updated_at),
        limit.version,
        limit.limits.shadow
    )
    .map(drop)
}

const UPDATE: &str = "UPDATE project_limits SET model = $3, requests_per_minute = $4, tokens_per_minute = $5,
        parallel_requests = $6, updated_at = $7, version = $8, shadow = $9
    WHERE organization_id = $1 AND id = $2";

/// Keeps a changed limit. A model that has one already is [`model_is_taken`].
pub async fn update(conn: &mut Conn<'_>, limit: &ProjectLimit) -> Result<(), StoreError> {
    let [requests, tokens, parallel] = numbers(&limit.limits);
    sql!(
        conn,
        execute,
        UPDATE,
        limit.organization.uuid(),
        limit.id.uuid(),
        limit.model.as_deref().unwrap_or_default(),
        requests,
        tokens,
        parallel,
        to_millis(limit.updated_at),
        limit.version,
        limit.limits.shadow
    )
    .map(drop)
}

/// Whether an insert or update failed for a model that has a limit already.
pub fn model_is_taken(error: &StoreError) -> bool {
    error.is_taken("project_limits_model", "project_limits.model")
}

const DELETE: &str = "DELETE FROM project_limits WHERE organization_id = $1 AND id = $2";

/// Forgets a limit.
pub async fn delete(conn: &mut Conn<'_>, organization: OrganizationId, id: LimitId) -> Result<(), StoreError> {
    sql!(conn, execute, DELETE, organization.uuid(), id.uuid()).map(drop)
}

macro_rules! select {
    ($which:literal) => {
        concat!(
            "SELECT id, organization_id, project_id, model, requests_per_minute, tokens_per_minute,
                parallel_requests, shadow, created_at, updated_at, version FROM project_limits ",
            $which
        )
    };
}

const FIND: &str = select!("WHERE organization_id = $1 AND project_id = $2 AND id = $3");

/// A limit of that project.
pub async fn find(
    conn: &mut Conn<'_>,
    (organization, project): (OrganizationId, ProjectId),
    id: LimitId,
) -> Result<Option<ProjectLimit>, StoreError> {
    let (organization, project) = (organization.uuid(), project.uuid());
    Ok(sql!(conn, fetch_optional as Row, FIND, organization, project, id.uuid())?.map(Into::into))
}

const COUNT: &str = "SELECT COUNT(*) FROM project_limits WHERE organization_id = $1 AND project_id = $2";

/// How many limits a project has.
pub async fn count(
    conn: &mut Conn<'_>,
    (organization, project): (OrganizationId, ProjectId),
) -> Result<i64, StoreError> {
    Ok(sql!(conn, fetch_one as (i64,), COUNT, organization.uuid(), project.uuid())?.0)
}

const LIST: Paged = paged!(select!("WHERE organization_id = $3 AND project_id = $4 AND (NOT $5 OR model <> '')"), "id");

/// One page of a project's limits; `of_models`: only those that are for some
/// models. `Err(CursorUnknown)` inside for a cursor that isn't one of them.
pub async fn list(
    conn: &mut Conn<'_>,
    place: (OrganizationId, ProjectId),
    of_models: bool,
    page: &Page<LimitId>,
) -> Result<Result<Listed<ProjectLimit>, CursorUnknown>, StoreError> {
    if let Some(cursor) = page.cursor
        && find(conn, place, cursor.id()).await?.is_none()
    {
        return Ok(Err(CursorUnknown(cursor.param())));
    }
    let (text, travel) = LIST.travel(page, LimitId::uuid);
    let (organization, project) = (place.0.uuid(), place.1.uuid());
    let rows = sql!(conn, fetch_all as Row, text, travel.bound, travel.limit, organization, project, of_models)?;
    Ok(Ok(travel.finish(rows.into_iter().map(Into::into).collect())))
}

const OF_PROJECT: &str = select!("WHERE project_id = $1 ORDER BY id");

/// All limits of a project of whatever organization: for the key index, never
/// for a caller.
pub async fn of_project(conn: &mut Conn<'_>, project: ProjectId) -> Result<Vec<ProjectLimit>, StoreError> {
    let rows = sql!(conn, fetch_all as Row, OF_PROJECT, project.uuid())?;
    Ok(rows.into_iter().map(Into::into).collect())
}

const ALL: &str = select!("ORDER BY project_id, id");

/// All limits of all projects: for the key index, never for a caller.
pub async fn all(conn: &mut Conn<'_>) -> Result<Vec<ProjectLimit>, StoreError> {
    Ok(sql!(conn, fetch_all as Row, ALL)?.into_iter().map(Into::into).collect())
}
