//! Admin keys, each with the user who owns it.

use keyward_domain::{
    Name, Timestamp,
    admin_key::AdminKey,
    clock::{from_millis, to_millis},
    id::{AdminKeyId, OrganizationId, UserId},
    organization::{Email, User},
    page::{Listed, Page},
    secret::SecretDigest,
};
use uuid::Uuid;

use crate::{
    Conn, CursorUnknown, StoreError,
    page::{Paged, paged},
};

/// An admin key, its owner, and when it was last used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminKeyDetails {
    /// The key.
    pub key: AdminKey,
    /// In whose name it acts.
    pub owner: User,
    /// When it last opened anything, to the minute.
    pub last_used_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    organization_id: Uuid,
    name: String,
    digest: Vec<u8>,
    last_four: String,
    created_at: i64,
    expires_at: Option<i64>,
    last_used_at: Option<i64>,
    owner_id: Uuid,
    owner_email: String,
    owner_name: String,
    owner_created_at: i64,
}

impl TryFrom<Row> for AdminKeyDetails {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let owner = UserId::from_uuid(row.owner_id);
        let digest = row.digest.try_into().map_err(|_| StoreError::unreadable("admin_keys.digest", row.id))?;
        Ok(Self {
            key: AdminKey {
                id: AdminKeyId::from_uuid(row.id),
                organization: OrganizationId::from_uuid(row.organization_id),
                name: Name::from_stored(row.name),
                digest: SecretDigest(digest),
                last_four: row.last_four,
                owner,
                created_at: from_millis(row.created_at),
                expires_at: row.expires_at.map(from_millis),
            },
            owner: User {
                id: owner,
                email: Email::from_stored(row.owner_email),
                name: Name::from_stored(row.owner_name),
                created_at: from_millis(row.owner_created_at),
            },
            last_used_at: row.last_used_at.map(from_millis),
        })
    }
}

const INSERT: &str =
    "INSERT INTO admin_keys (id, organization_id, name, digest, last_four, owner_id, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

/// Keeps a new admin key.
pub async fn insert(conn: &mut Conn<'_>, key: &AdminKey) -> Result<(), StoreError> {
    sql!(
        conn,
        execute,
        INSERT,
        key.id.uuid(),
        key.organization.uuid(),
        key.name.as_str(),
        key.digest.0.as_slice(),
        key.last_four.as_str(),
        key.owner.uuid(),
        to_millis(key.created_at),
        key.expires_at.map(to_millis)
    )
    .map(drop)
}

const FIND: &str =
    "SELECT k.id, k.organization_id, k.name, k.digest, k.last_four, k.created_at, k.expires_at, k.last_used_at,
        k.owner_id, u.email AS owner_email, u.name AS owner_name, u.created_at AS owner_created_at
    FROM admin_keys k JOIN users u ON u.id = k.owner_id WHERE k.organization_id = $1 AND k.id = $2";

/// An admin key of that organization.
pub async fn find(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    id: AdminKeyId,
) -> Result<Option<AdminKeyDetails>, StoreError> {
    sql!(conn, fetch_optional as Row, FIND, organization.uuid(), id.uuid())?.map(TryInto::try_into).transpose()
}

const FIND_ANY: &str =
    "SELECT k.id, k.organization_id, k.name, k.digest, k.last_four, k.created_at, k.expires_at, k.last_used_at,
        k.owner_id, u.email AS owner_email, u.name AS owner_name, u.created_at AS owner_created_at
    FROM admin_keys k JOIN users u ON u.id = k.owner_id WHERE k.id = $1";

/// An admin key of whichever organization: for the key index, never for a caller.
pub async fn find_any(conn: &mut Conn<'_>, id: AdminKeyId) -> Result<Option<AdminKeyDetails>, StoreError> {
    sql!(conn, fetch_optional as Row, FIND_ANY, id.uuid())?.map(TryInto::try_into).transpose()
}

const ALL: &str =
    "SELECT k.id, k.organization_id, k.name, k.digest, k.last_four, k.created_at, k.expires_at, k.last_used_at,
        k.owner_id, u.email AS owner_email, u.name AS owner_name, u.created_at AS owner_created_at
    FROM admin_keys k JOIN users u ON u.id = k.owner_id ORDER BY k.id";

/// All admin keys of all organizations: for the key index, never for a caller.
pub async fn all(conn: &mut Conn<'_>) -> Result<Vec<AdminKeyDetails>, StoreError> {
    sql!(conn, fetch_all as Row, ALL)?.into_iter().map(TryInto::try_into).collect()
}

const LIST: Paged = paged!(
    "SELECT k.id, k.organization_id, k.name, k.digest, k.last_four, k.created_at, k.expires_at, k.last_used_at,
        k.owner_id, u.email AS owner_email, u.name AS owner_name, u.created_at AS owner_created_at
    FROM admin_keys k JOIN users u ON u.id = k.owner_id WHERE k.organization_id = $3",
    "k.id"
);

/// One page of an organization's admin keys. `Err(CursorUnknown)` inside for a
/// cursor that isn't one of them.
pub async fn list(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    page: &Page<AdminKeyId>,
) -> Result<Result<Listed<AdminKeyDetails>, CursorUnknown>, StoreError> {
    if let Some(cursor) = page.cursor
        && find(conn, organization, cursor.id()).await?.is_none()
    {
        return Ok(Err(CursorUnknown(cursor.param())));
    }
    let (text, travel) = LIST.travel(page, AdminKeyId::uuid);
    let rows = sql!(conn, fetch_all as Row, text, travel.bound, travel.limit, organization.uuid())?;
    let keys = rows.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
    Ok(Ok(travel.finish(keys)))
}

const OF_OWNER: &str =
    "SELECT k.id, k.organization_id, k.name, k.digest, k.last_four, k.created_at, k.expires_at, k.last_used_at,
        k.owner_id, u.email AS owner_email, u.name AS owner_name, u.created_at AS owner_created_at
    FROM admin_keys k JOIN users u ON u.id = k.owner_id WHERE k.organization_id = $1 AND k.owner_id = $2 ORDER BY k.id";

/// The admin keys of that organization that act in a user's name.
pub async fn of_owner(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    owner: UserId,
) -> Result<Vec<AdminKeyDetails>, StoreError> {
    sql!(conn, fetch_all as Row, OF_OWNER, organization.uuid(), owner.uuid())?
        .into_iter()
        .map(TryInto::try_into)
        .collect()
}

const DELETE: &str = "DELETE FROM admin_keys WHERE organization_id = $1 AND id = $2";

/// Deletes an admin key of that organization.
pub async fn delete(conn: &mut Conn<'_>, organization: OrganizationId, id: AdminKeyId) -> Result<(), StoreError> {
    sql!(conn, execute, DELETE, organization.uuid(), id.uuid()).map(drop)
}

const NOTE_USE: &str =
    "UPDATE admin_keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)";

/// Notes when a key was last used; an earlier moment than the noted one, or a
/// key that is gone, changes nothing.
pub async fn note_use(conn: &mut Conn<'_>, id: AdminKeyId, at: i64) -> Result<(), StoreError> {
    sql!(conn, execute, NOTE_USE, id.uuid(), at).map(drop)
}
