//! API keys, as people see and change them. What the key index reads of them
//! stands in `api_key_index`, what they were used for in `api_key_usage`.

use std::collections::BTreeMap;

use keyward_domain::{
    Name, Timestamp,
    api_key::{ApiKey, Creator, KeyAccess, KeyUsage, PreviousSecret},
    clock::{from_millis, to_millis},
    id::{AdminKeyId, ApiKeyId, OrganizationId, ProjectId, ServiceAccountId, UserId},
    secret::SecretDigest,
};
use uuid::Uuid;

use crate::{Conn, StoreError, api_key_usage::UsageRow};

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    organization_id: Uuid,
    project_id: Uuid,
    name: String,
    digest: Vec<u8>,
    last_four: String,
    previous_digest: Option<Vec<u8>>,
    previous_last_four: Option<String>,
    previous_expires_at: Option<i64>,
    disabled: bool,
    revoked_at: Option<i64>,
    admin_key_id: Option<Uuid>,
    created_by: Option<Uuid>,
    service_account_id: Option<Uuid>,
    created_at: i64,
    updated_at: i64,
    expires_at: Option<i64>,
    max_requests: Option<i64>,
    restrictions: Option<String>,
    environment: Option<String>,
    metadata: Option<String>,
    version: i64,
    #[sqlx(flatten)]
    usage: UsageRow,
}

impl TryFrom<Row> for (ApiKey, KeyUsage) {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let previous = match (row.previous_digest, row.previous_last_four, row.previous_expires_at) {
            (Some(digest), Some(last_four), Some(expires_at)) => {
                Some(PreviousSecret { digest: read_digest(digest)?, last_four, expires_at: from_millis(expires_at) })
            }
            _ => None,
        };
        let key = ApiKey {
            id: ApiKeyId::from_uuid(row.id),
            organization: OrganizationId::from_uuid(row.organization_id),
            project: ProjectId::from_uuid(row.project_id),
            name: Name::from_stored(row.name),
            digest: read_digest(row.digest)?,
            last_four: row.last_four,
            previous,
            disabled: row.disabled,
            revoked_at: row.revoked_at.map(from_millis),
            created_by: Creator {
                admin_key: row.admin_key_id.map(AdminKeyId::from_uuid),
                user: row.created_by.map(UserId::from_uuid),
            },
            service_account: row.service_account_id.map(ServiceAccountId::from_uuid),
            created_at: from_millis(row.created_at),
            updated_at: from_millis(row.updated_at),
            expires_at: row.expires_at.map(from_millis),
            max_requests: row.max_requests.map(i64::cast_unsigned),
            access: read_access(row.restrictions.as_deref())?,
            environment: row.environment,
            metadata: row.metadata.as_deref().map_or_else(|| Ok(BTreeMap::new()), |text| read("metadata", text))?,
            version: row.version,
        };
        Ok((key, row.usage.into()))
    }
}

/// Reads a stored digest.
pub(crate) fn read_digest(bytes: Vec<u8>) -> Result<SecretDigest, StoreError> {
    let length = bytes.len();
    Ok(SecretDigest(bytes.try_into().map_err(|_| StoreError::unreadable("length of api_keys.digest", length))?))
}

/// Reads the stored restrictions; most keys have none.
pub(crate) fn read_access(restrictions: Option<&str>) -> Result<KeyAccess, StoreError> {
    restrictions.map_or_else(|| Ok(KeyAccess::default()), |text| read("restrictions", text))
}

fn read<T: serde::de::DeserializeOwned>(column: &str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::unreadable(&format!("api_keys.{column}"), error))
}

/// The columns of a key that can change, as they are stored.
struct Changeable<'a> {
    previous_digest: Option<&'a [u8]>,
    previous_last_four: Option<&'a str>,
    previous_expires_at: Option<i64>,
    max_requests: Option<i64>,
    restrictions: Option<String>,
    metadata: Option<String>,
}

impl<'a> From<&'a ApiKey> for Changeable<'a> {
    fn from(key: &'a ApiKey) -> Self {
        let previous = key.previous.as_ref();
        Self {
            previous_digest: previous.map(|previous| previous.digest.0.as_slice()),
            previous_last_four: previous.map(|previous| previous.last_four.as_str()),
            previous_expires_at: previous.map(|previous| to_millis(previous.expires_at)),
            max_requests: key.max_requests.map(|max| i64::try_from(max).unwrap_or(i64::MAX)),
            restrictions: written(&key.access, key.access == KeyAccess::default()),
            metadata: written(&key.metadata, key.metadata.is_empty()),
        }
    }
}

/// JSON, or NULL for what is empty. Maps of text and lists of text always serialise.
fn written(value: &impl serde::Serialize, is_empty: bool) -> Option<String> {
    if is_empty { None } else { serde_json::to_string(value).ok() }
}

const INSERT: &str = "INSERT INTO api_keys (id, organization_id, project_id, name, digest, last_four,
        previous_digest, previous_last_four, previous_expires_at, disabled, revoked_at, admin_key_id, created_by,
        created_at, updated_at, expires_at, max_requests, restrictions, environment, metadata, version,
        service_account_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
        $22)";

/// Keeps a new key.
pub async fn insert(conn: &mut Conn<'_>, key: &ApiKey) -> Result<(), StoreError> {
    let columns = Changeable::from(key);
    sql!(
        conn,
        execute,
        INSERT,
        key.id.uuid(),
        key.organization.uuid(),
        key.project.uuid(),
        key.name.as_str(),
        key.digest.0.as_slice(),
        key.last_four.as_str(),
        columns.previous_digest,
        columns.previous_last_four,
        columns.previous_expires_at,
        key.disabled,
        key.revoked_at.map(to_millis),
        key.created_by.admin_key.map(AdminKeyId::uuid),
        key.created_by.user.map(UserId::uuid),
        to_millis(key.created_at),
        to_millis(key.updated_at),
        key.expires_at.map(to_millis),
        columns.max_requests,
        columns.restrictions.as_deref(),
        key.environment.as_deref(),
        columns.metadata.as_deref(),
        key.version,
        key.service_account.map(ServiceAccountId::uuid)
    )
    .map(drop)
}

const UPDATE: &str = "UPDATE api_keys SET name = $3, digest = $4, last_four = $5, previous_digest = $6,
        previous_last_four = $7, previous_expires_at = $8, disabled = $9, revoked_at = $10, updated_at = $11,
        expires_at = $12, max_requests = $13, restrictions = $14, environment = $15, metadata = $16, version = $17
    WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL";

/// Keeps a changed key.
pub async fn update(conn: &mut Conn<'_>, key: &ApiKey) -> Result<(), StoreError> {
    let columns = Changeable::from(key);
    sql!(
        conn,
        execute,
        UPDATE,
        key.organization.uuid(),
        key.id.uuid(),
        key.name.as_str(),
        key.digest.0.as_slice(),
        key.last_four.as_str(),
        columns.previous_digest,
        columns.previous_last_four,
        columns.previous_expires_at,
        key.disabled,
        key.revoked_at.map(to_millis),
        to_millis(key.updated_at),
        key.expires_at.map(to_millis),
        columns.max_requests,
        columns.restrictions.as_deref(),
        key.environment.as_deref(),
        columns.metadata.as_deref(),
        key.version
    )
    .map(drop)
}

const DELETE: &str = "UPDATE api_keys SET deleted_at = $3, previous_digest = NULL, previous_last_four = NULL,
        previous_expires_at = NULL
    WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL";

/// Takes a key out of every list and look-up. Its name is free again; its
/// digest stays taken, and what it was used for stays.
pub async fn delete(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    id: ApiKeyId,
    now: Timestamp,
) -> Result<(), StoreError> {
    sql!(conn, execute, DELETE, organization.uuid(), id.uuid(), to_millis(now)).map(drop)
}

const COUNT_REVOKED: &str = "SELECT COUNT(*) FROM api_keys
    WHERE organization_id = $1 AND project_id = $2 AND deleted_at IS NULL AND revoked_at IS NOT NULL";
const REVOKE_ALL: &str = "UPDATE api_keys SET revoked_at = $3, updated_at = $3, version = version + 1,
        previous_digest = NULL, previous_last_four = NULL, previous_expires_at = NULL
    WHERE organization_id = $1 AND project_id = $2 AND deleted_at IS NULL AND revoked_at IS NULL";

/// Revokes every key of a project. Answers how many that were, and how many
/// had been revoked before.
pub async fn revoke_all(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    project: ProjectId,
    now: Timestamp,
) -> Result<(i64, i64), StoreError> {
    let (organization, project) = (organization.uuid(), project.uuid());
    let (before,) = sql!(conn, fetch_one as (i64,), COUNT_REVOKED, organization, project)?;
    let revoked = sql!(conn, execute, REVOKE_ALL, organization, project, to_millis(now))?;
    Ok((i64::try_from(revoked).unwrap_or(i64::MAX), before))
}

const REVOKE_OF_SERVICE_ACCOUNT: &str = "UPDATE api_keys SET revoked_at = $3, updated_at = $3, version = version + 1,
        previous_digest = NULL, previous_last_four = NULL, previous_expires_at = NULL
    WHERE organization_id = $1 AND service_account_id = $2 AND deleted_at IS NULL AND revoked_at IS NULL";

/// Revokes every key of a service account; answers how many.
pub async fn revoke_of_service_account(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    account: ServiceAccountId,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let (organization, account) = (organization.uuid(), account.uuid());
    sql!(conn, execute, REVOKE_OF_SERVICE_ACCOUNT, organization, account, to_millis(now))
}

const NAME_IS_TAKEN: &str = "SELECT COUNT(*) FROM api_keys
    WHERE project_id = $1 AND name = $2 AND id <> $3 AND deleted_at IS NULL AND revoked_at IS NULL
    AND (expires_at IS NULL OR expires_at > $4)";

/// Whether another live key of the project (not revoked, deleted or expired)
/// has the name of `key`. Changes are carried out one after the other, so the
/// answer holds until the transaction's end.
pub async fn name_is_taken(conn: &mut Conn<'_>, key: &ApiKey, now: Timestamp) -> Result<bool, StoreError> {
    let (project, name, id) = (key.project.uuid(), key.name.as_str(), key.id.uuid());
    Ok(sql!(conn, fetch_one as (i64,), NAME_IS_TAKEN, project, name, id, to_millis(now))?.0 > 0)
}

macro_rules! select {
    ($which:literal) => {
        concat!(
            "SELECT k.id, k.organization_id, k.project_id, k.name, k.digest, k.last_four, k.previous_digest,
                k.previous_last_four, k.previous_expires_at, k.disabled, k.revoked_at, k.admin_key_id, k.created_by,
                k.service_account_id,
                k.created_at, k.updated_at, k.expires_at, k.max_requests, k.restrictions, k.environment, k.metadata,
                k.version, u.request_count, u.cached_count, u.input_tokens, u.output_tokens, u.cost_nanos, u.last_used_at,
                u.last_used_ip, u.previous_last_used_at
            FROM api_keys k LEFT JOIN api_key_usage u ON u.api_key_id = k.id
            WHERE k.deleted_at IS NULL AND ",
            $which
        )
    };
}

// Behind the macro that it uses.
mod list;

pub use list::{ApiKeyFilter, KeySort, Unused, list};

const FIND: &str = select!("k.organization_id = $1 AND k.project_id = $2 AND k.id = $3");

/// A key of that project, unless it is deleted, and what it was used for.
pub async fn find(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    project: ProjectId,
    id: ApiKeyId,
) -> Result<Option<(ApiKey, KeyUsage)>, StoreError> {
    sql!(conn, fetch_optional as Row, FIND, organization.uuid(), project.uuid(), id.uuid())?
        .map(TryInto::try_into)
        .transpose()
}
