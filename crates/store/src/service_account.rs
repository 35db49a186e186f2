//! Service accounts. A deleted one stays as the owner of its revoked keys.

use keyward_domain::{
    Name,
    clock::{from_millis, to_millis},
    id::{OrganizationId, ProjectId, ServiceAccountId},
    page::{Listed, Page},
    service_account::ServiceAccount,
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
    name: String,
    created_at: i64,
}

impl From<Row> for ServiceAccount {
    fn from(row: Row) -> Self {
        Self {
            id: ServiceAccountId::from_uuid(row.id),
            organization: OrganizationId::from_uuid(row.organization_id),
            project: ProjectId::from_uuid(row.project_id),
            name: Name::from_stored(row.name),
            created_at: from_millis(row.created_at),
        }
    }
}

const INSERT: &str =
    "INSERT INTO service_accounts (id, organization_id, project_id, name, created_at) VALUES ($1, $2, $3, $4, $5)";

/// Keeps a new service account.
pub async fn insert(conn: &mut Conn<'_>, account: &ServiceAccount) -> Result<(), StoreError> {
    let (organization, project) = (account.organization.uuid(), account.project.uuid());
    let (name, at) = (account.name.as_str(), to_millis(account.created_at));
    sql!(conn, execute, INSERT, account.id.uuid(), organization, project, name, at).map(drop)
}

const FIND: &str = "SELECT id, organization_id, project_id, name, created_at FROM service_accounts
    WHERE organization_id = $1 AND project_id = $2 AND id = $3 AND deleted_at IS NULL";

/// A service account of that project.
pub async fn find(
    conn: &mut Conn<'_>,
    (organization, project): (OrganizationId, ProjectId),
    id: ServiceAccountId,
) -> Result<Option<ServiceAccount>, StoreError> {
    let (organization, project) = (organization.uuid(), project.uuid());
    Ok(sql!(conn, fetch_optional as Row, FIND, organization, project, id.uuid())?.map(Into::into))
}

const FIND_ANY: &str = "SELECT id, organization_id, project_id, name, created_at FROM service_accounts
    WHERE organization_id = $1 AND id = $2";

/// A service account of that organization, also a deleted one: for naming whose
/// a key is.
pub async fn find_any(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    id: ServiceAccountId,
) -> Result<Option<ServiceAccount>, StoreError> {
    Ok(sql!(conn, fetch_optional as Row, FIND_ANY, organization.uuid(), id.uuid())?.map(Into::into))
}

const LIST: Paged = paged!(
    "SELECT id, organization_id, project_id, name, created_at FROM service_accounts
    WHERE organization_id = $3 AND project_id = $4 AND deleted_at IS NULL",
    "id"
);

/// One page of a project's service accounts. `Err(CursorUnknown)` inside for a
/// cursor that isn't one of them.
pub async fn list(
    conn: &mut Conn<'_>,
    place: (OrganizationId, ProjectId),
    page: &Page<ServiceAccountId>,
) -> Result<Result<Listed<ServiceAccount>, CursorUnknown>, StoreError> {
    if let Some(cursor) = page.cursor
        && find(conn, place, cursor.id()).await?.is_none()
    {
        return Ok(Err(CursorUnknown(cursor.param())));
    }
    let (text, travel) = LIST.travel(page, ServiceAccountId::uuid);
    let (organization, project) = (place.0.uuid(), place.1.uuid());
    let rows = sql!(conn, fetch_all as Row, text, travel.bound, travel.limit, organization, project)?;
    Ok(Ok(travel.finish(rows.into_iter().map(Into::into).collect())))
}

const RENAME: &str = "UPDATE service_accounts SET name = $3 WHERE organization_id = $1 AND id = $2";

/// Keeps its new name.
pub async fn rename(conn: &mut Conn<'_>, account: &ServiceAccount) -> Result<(), StoreError> {
    let (organization, id) = (account.organization.uuid(), account.id.uuid());
    sql!(conn, execute, RENAME, organization, id, account.name.as_str()).map(drop)
}

const DELETE: &str = "UPDATE service_accounts SET deleted_at = $3 WHERE organization_id = $1 AND id = $2";

/// Takes it out of every list.
pub async fn delete(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    id: ServiceAccountId,
    now: i64,
) -> Result<(), StoreError> {
    sql!(conn, execute, DELETE, organization.uuid(), id.uuid(), now).map(drop)
}
