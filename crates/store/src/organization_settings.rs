//! What an organization's owners decide about it.

use keyward_domain::{
    Name,
    clock::from_millis,
    id::OrganizationId,
    organization::{Organization, OrganizationSettings},
};

use crate::{Conn, StoreError};

#[derive(sqlx::FromRow)]
struct Row {
    name: String,
    created_at: i64,
    sso_required: i64,
    version: i64,
}

const FIND: &str = "SELECT name, created_at, sso_required, version FROM organizations WHERE id = $1";

/// The organization with what was decided about it.
pub async fn find(conn: &mut Conn<'_>, id: OrganizationId) -> Result<Option<OrganizationSettings>, StoreError> {
    let found = sql!(conn, fetch_optional as Row, FIND, id.uuid())?;
    Ok(found.map(|row| OrganizationSettings {
        organization: Organization { id, name: Name::from_stored(row.name), created_at: from_millis(row.created_at) },
        sso_required: row.sso_required != 0,
        version: row.version,
    }))
}

const UPDATE: &str = "UPDATE organizations SET name = $2, sso_required = $3, version = $4 WHERE id = $1";

/// Keeps what was decided. A taken name is
/// [`organization::name_is_taken`](crate::organization::name_is_taken).
pub async fn update(conn: &mut Conn<'_>, settings: &OrganizationSettings) -> Result<(), StoreError> {
    let (id, name) = (settings.organization.id.uuid(), settings.organization.name.as_str());
    sql!(conn, execute, UPDATE, id, name, i64::from(settings.sso_required), settings.version).map(drop)
}
