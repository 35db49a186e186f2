//! What providers keep for projects: whose it is, and with which credential it
//! was made. Nothing of its content.

use keyward_domain::{
    id::{ApiKeyId, CredentialId, ProviderResourceId},
    provider_resource::{ProviderResource, ResourcesOf},
};
use uuid::Uuid;

use crate::{Conn, StoreError};

// Whoever was first keeps it: an id that comes twice from a project's providers
// is the one that was recorded.
const INSERT: &str = "INSERT INTO provider_resources
        (id, organization_id, project_id, kind, provider_resource_id, credential_id, api_key_id, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (project_id, kind, provider_resource_id) DO NOTHING";

/// Keeps a resource that `key` made at `at` (milliseconds since 1970); one that
/// is known stays as it is.
pub async fn insert(
    conn: &mut Conn<'_>,
    id: ProviderResourceId,
    of: ResourcesOf,
    resource: &ProviderResource,
    key: ApiKeyId,
    at: i64,
) -> Result<(), StoreError> {
    let (organization, project, kind) = (of.organization.uuid(), of.project.uuid(), of.kind.as_str());
    let (credential, key, provider_id) = (resource.credential.uuid(), key.uuid(), resource.id.as_str());
    sql!(conn, execute, INSERT, id.uuid(), organization, project, kind, provider_id, credential, key, at).map(drop)
}

#[derive(sqlx::FromRow)]
struct Row {
    provider_resource_id: String,
    credential_id: Uuid,
}

impl From<Row> for ProviderResource {
    fn from(row: Row) -> Self {
        Self { id: row.provider_resource_id, credential: CredentialId::from_uuid(row.credential_id) }
    }
}

const FIND: &str = "SELECT provider_resource_id, credential_id FROM provider_resources
    WHERE organization_id = $1 AND project_id = $2 AND kind = $3 AND provider_resource_id = $4";

/// The project's resource with that id of the provider's.
pub async fn find(conn: &mut Conn<'_>, of: ResourcesOf, id: &str) -> Result<Option<ProviderResource>, StoreError> {
    let (organization, project, kind) = (of.organization.uuid(), of.project.uuid(), of.kind.as_str());
    Ok(sql!(conn, fetch_optional as Row, FIND, organization, project, kind, id)?.map(Into::into))
}

const RISING: &str = "SELECT provider_resource_id, credential_id FROM provider_resources
    WHERE organization_id = $1 AND project_id = $2 AND kind = $3 AND ($4 = '' OR id > (SELECT id FROM provider_resources
        WHERE project_id = $2 AND kind = $3 AND provider_resource_id = $4))
    ORDER BY id ASC LIMIT $5";
const FALLING: &str = "SELECT provider_resource_id, credential_id FROM provider_resources
    WHERE organization_id = $1 AND project_id = $2 AND kind = $3 AND ($4 = '' OR id < (SELECT id FROM provider_resources
        WHERE project_id = $2 AND kind = $3 AND provider_resource_id = $4))
    ORDER BY id DESC LIMIT $5";

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
