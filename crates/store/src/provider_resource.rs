//! What providers keep for projects: whose it is, and with which credential it
//! was made. Nothing of its content.

use keyward_domain::{
    id::{ApiKeyId, CredentialId, ProviderResourceId},
    provider_resource::{NewResource, Owed, ProviderResource, ResourcesOf},
};
use uuid::Uuid;

use crate::{Conn, StoreError};

// Whoever was first keeps it: an id that comes twice from a project's providers
// is the one that was recorded.
const INSERT: &str = "INSERT INTO provider_resources
        (id, organization_id, project_id, kind, provider_resource_id, credential_id, api_key_id, created_at, owed_model)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (project_id, kind, provider_resource_id) DO NOTHING";

/// Keeps a resource that was made at `at` (milliseconds since 1970); one that is
/// known stays as it is.
pub async fn insert(conn: &mut Conn<'_>, of: ResourcesOf, made: &NewResource, at: i64) -> Result<(), StoreError> {
    let (organization, project, kind) = (of.organization.uuid(), of.project.uuid(), of.kind.as_str());
    let (credential, key, provider_id) = (made.credential.uuid(), made.key.uuid(), made.id.as_str());
    let (id, owes) = (made.resource.uuid(), made.owes.as_deref());
    sql!(conn, execute, INSERT, id, organization, project, kind, provider_id, credential, key, at, owes).map(drop)
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    provider_resource_id: String,
    credential_id: Uuid,
    api_key_id: Uuid,
    owed_model: Option<String>,
}

impl From<Row> for ProviderResource {
    fn from(row: Row) -> Self {
        let (resource, key) = (ProviderResourceId::from_uuid(row.id), ApiKeyId::from_uuid(row.api_key_id));
        let owed = row.owed_model.map(|model| Owed { resource, key, model });
        Self { id: row.provider_resource_id, credential: CredentialId::from_uuid(row.credential_id), owed }
    }
}

// Nothing is owed any more once it is counted.
const FIND: &str = "SELECT r.id, r.provider_resource_id, r.credential_id, r.api_key_id,
        CASE WHEN c.resource_id IS NULL THEN r.owed_model END AS owed_model
    FROM provider_resources r LEFT JOIN counted_resources c ON c.resource_id = r.id
    WHERE organization_id = $1 AND project_id = $2 AND kind = $3 AND provider_resource_id = $4";

/// The project's resource with that id of the provider's.
pub async fn find(conn: &mut Conn<'_>, of: ResourcesOf, id: &str) -> Result<Option<ProviderResource>, StoreError> {
    let (organization, project, kind) = (of.organization.uuid(), of.project.uuid(), of.kind.as_str());
    Ok(sql!(conn, fetch_optional as Row, FIND, organization, project, kind, id)?.map(Into::into))
}

const RISING: &str = "SELECT r.id, r.provider_resource_id, r.credential_id, r.api_key_id,
        CASE WHEN c.resource_id IS NULL THEN r.owed_model END AS owed_model
    FROM provider_resources r LEFT JOIN counted_resources c ON c.resource_id = r.id
    WHERE organization_id = $1 AND project_id = $2 AND kind = $3
        AND ($4 = '' OR r.id > (SELECT id FROM provider_resources
            WHERE project_id = $2 AND kind = $3 AND provider_resource_id = $4))
    ORDER BY r.id ASC LIMIT $5";
const FALLING: &str = "SELECT r.id, r.provider_resource_id, r.credential_id, r.api_key_id,
        CASE WHEN c.resource_id IS NULL THEN r.owed_model END AS owed_model
    FROM provider_resources r LEFT JOIN counted_resources c ON c.resource_id = r.id
    WHERE organization_id = $1 AND project_id = $2 AND kind = $3
        AND ($4 = '' OR r.id < (SELECT id FROM provider_resources
            WHERE project_id = $2 AND kind = $3 AND provider_resource_id = $4))
    ORDER BY r.id DESC LIMIT $5";

/// At most `limit` of the project's resources behind the one whose id is
/// `after`, in the order of their making or the other way round. Nothing stands
/// behind an id that isn't there.
pub async fn list(
    conn: &mut Conn<'_>,
    of: ResourcesOf,
    after: Option<&str>,
    limit: u32,
    rising: bool,
) -> Result<Vec<ProviderResource>, StoreError> {
    let (organization, project, kind) = (of.organization.uuid(), of.project.uuid(), of.kind.as_str());
    let (after, text) = (after.unwrap_or_default(), if rising { RISING } else { FALLING });
    let rows = sql!(conn, fetch_all as Row, text, organization, project, kind, after, i64::from(limit))?;
    Ok(rows.into_iter().map(Into::into).collect())
}

const DELETE: &str = "DELETE FROM provider_resources
    WHERE organization_id = $1 AND project_id = $2 AND kind = $3 AND provider_resource_id = $4";

/// Forgets the project's resource with that id, if it is there.
pub async fn delete(conn: &mut Conn<'_>, of: ResourcesOf, id: &str) -> Result<(), StoreError> {
    let (organization, project, kind) = (of.organization.uuid(), of.project.uuid(), of.kind.as_str());
    sql!(conn, execute, DELETE, organization, project, kind, id).map(drop)
}

const COUNT: &str = "INSERT INTO counted_resources (resource_id, counted_at) VALUES ($1, $2)
    ON CONFLICT (resource_id) DO NOTHING";

/// Notes that a resource's use is counted at `at` (milliseconds since 1970), and
/// answers whether it wasn't before. Whoever notes several does so in the order
/// of their ids, so that two processes never wait for each other.
pub async fn count(conn: &mut Conn<'_>, resource: ProviderResourceId, at: i64) -> Result<bool, StoreError> {
    Ok(sql!(conn, execute, COUNT, resource.uuid(), at)? > 0)
}
