//! What is decided about the response caches of projects. A project without a
//! row has the default. The answers themselves are in no database.

use keyward_domain::{
    cache::ProjectCache,
    id::{OrganizationId, ProjectId},
};
use uuid::Uuid;

use crate::{Conn, StoreError};

#[derive(sqlx::FromRow)]
struct Row {
    organization_id: Uuid,
    project_id: Uuid,
    enabled: bool,
    ttl_seconds: i64,
    generation: i64,
    version: i64,
}

impl TryFrom<Row> for ProjectCache {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let ttl_seconds = Self::parse_ttl("ttl_seconds", row.ttl_seconds)
            .map_err(|_| StoreError::unreadable("project_caches.ttl_seconds", row.ttl_seconds))?;
        Ok(Self { enabled: row.enabled, ttl_seconds, generation: row.generation, version: row.version })
    }
}

const PUT: &str = "INSERT INTO project_caches (project_id, organization_id, enabled, ttl_seconds, generation, version)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (project_id) DO UPDATE SET enabled = $3, ttl_seconds = $4, generation = $5, version = $6
    WHERE project_caches.organization_id = $2";

/// Keeps what was decided about the cache of an organization's project.
pub async fn put(
    conn: &mut Conn<'_>,
    (organization, project): (OrganizationId, ProjectId),
    cache: &ProjectCache,
) -> Result<(), StoreError> {
    let ProjectCache { enabled, ttl_seconds, generation, version } = *cache;
    let (project, organization, ttl) = (project.uuid(), organization.uuid(), i64::from(ttl_seconds));
    sql!(conn, execute, PUT, project, organization, enabled, ttl, generation, version).map(drop)
}

macro_rules! select {
    ($which:literal) => {
        concat!(
            "SELECT organization_id, project_id, enabled, ttl_seconds, generation, version FROM project_caches ",
            $which
        )
    };
}

const FIND: &str = select!("WHERE organization_id = $1 AND project_id = $2");

/// What is decided about a project's cache; the default where nothing is.
pub async fn find(
    conn: &mut Conn<'_>,
    (organization, project): (OrganizationId, ProjectId),
) -> Result<ProjectCache, StoreError> {
    let row = sql!(conn, fetch_optional as Row, FIND, organization.uuid(), project.uuid())?;
    row.map_or(Ok(ProjectCache::default()), TryInto::try_into)
}

const ALL: &str = select!("ORDER BY project_id");

/// Everything that is decided, of all organizations: for the key index, never
/// for a caller.
pub async fn all(conn: &mut Conn<'_>) -> Result<Vec<(OrganizationId, ProjectId, ProjectCache)>, StoreError> {
    let read = |row: Row| {
        let place = (OrganizationId::from_uuid(row.organization_id), ProjectId::from_uuid(row.project_id));
        Ok((place.0, place.1, row.try_into()?))
    };
    sql!(conn, fetch_all as Row, ALL)?.into_iter().map(read).collect()
}
