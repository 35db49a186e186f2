//! Keys on their way into the key index: every key that isn't deleted, of all
//! organizations, never for a caller. A start reads all of them, so only what
//! deciding about a call needs is read, and of most keys nothing but what each
//! key has: a column costs as much as a key's place in the index.
//!
//! What SQLite reads goes from its thread to the reader's row by row and column by
//! column. That costs more than all the rest of a start, so the plain keys come
//! many in one text. (PostgreSQL sends many rows in one piece anyway.)

use futures_util::{TryStreamExt, stream::BoxStream};
use keyward_domain::{
    api_key::{IndexedKey, KeyAccess},
    clock::from_millis,
    id::{ApiKeyId, OrganizationId, ProjectId},
    secret::SecretDigest,
};
use sqlx::{Connection as _, SqliteConnection};
use uuid::Uuid;

use crate::{
    Conn, StoreError,
    api_key::{read_access, read_digest},
    patience::in_time,
};

/// By place, not by name: looking names up costs more than the values.
type Row = (
    Uuid,
    Uuid,
    Uuid,
    Vec<u8>,
    Option<Vec<u8>>,
    Option<i64>,
    bool,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<String>,
    Option<i64>,
);

/// A key that has nothing but what each key has.
type PlainRow = (Uuid, Uuid, Uuid, Vec<u8>, Option<i64>);

macro_rules! from {
    () => {
        " FROM api_keys k LEFT JOIN api_key_usage u ON u.api_key_id = k.id WHERE k.deleted_at IS NULL"
    };
}

macro_rules! select {
    ($($which:tt)*) => {
        concat!(
            "SELECT k.id, k.organization_id, k.project_id, k.digest, k.previous_digest, k.previous_expires_at,
                k.disabled, k.revoked_at, k.expires_at, k.max_requests, k.restrictions, u.request_count",
            from!(),
            $($which)*
        )
    };
}

macro_rules! is_plain {
    () => {
        "(k.previous_digest IS NULL AND k.revoked_at IS NULL AND k.expires_at IS NULL AND k.max_requests IS NULL
            AND k.restrictions IS NULL AND k.disabled = FALSE)"
    };
}

fn read(row: Row) -> Result<(IndexedKey, u64), StoreError> {
    let (id, organization, project, digest, previous, previous_end, disabled, revoked, expires, max, access, count) =
        row;
    let previous = match (previous, previous_end) {
        (Some(digest), Some(end)) => Some((read_digest(digest)?, from_millis(end))),
        _ => None,
    };
    let key = IndexedKey {
        id: ApiKeyId::from_uuid(id),
        organization: OrganizationId::from_uuid(organization),
        project: ProjectId::from_uuid(project),
        digest: read_digest(digest)?,
        previous,
        disabled,
        revoked: revoked.is_some(),
        expires_at: expires.map(from_millis),
        max_requests: max.map(i64::cast_unsigned),
        access: read_access(access.as_deref())?,
    };
    Ok((key, count.map_or(0, i64::cast_unsigned)))
}

async fn for_each<R>(
    mut rows: BoxStream<'_, Result<R, sqlx::Error>>,
    read: fn(R) -> Result<(IndexedKey, u64), StoreError>,
    mut take: impl FnMut(IndexedKey, u64) + Send,
) -> Result<(), StoreError> {
    while let Some(row) = in_time(rows.try_next()).await? {
        let (key, request_count) = read(row)?;
        take(key, request_count);
    }
    Ok(())
}

const PLAIN: &str =
    concat!("SELECT k.id, k.organization_id, k.project_id, k.digest, u.request_count", from!(), " AND ", is_plain!());
const OTHERS: &str = select!(" AND NOT ", is_plain!());

fn read_plain((id, organization, project, digest, count): PlainRow) -> Result<(IndexedKey, u64), StoreError> {
    read((id, organization, project, digest, None, None, false, None, None, None, None, count))
}

/// How many keys stand in one text.
const MANY: i64 = 1000;

/// The last of those keys' places, and their text. Places don't change: all texts
/// are read in one transaction.
const PLAIN_IN_TEXT: &str = concat!(
    "SELECT MAX(place), GROUP_CONCAT(text, '') FROM (
        SELECT k.rowid AS place,
            HEX(k.id) || HEX(k.organization_id) || HEX(k.project_id) || HEX(k.digest) || COALESCE(u.request_count, 0)
                || ',' AS text",
    from!(),
    " AND ",
    is_plain!(),
    " AND k.rowid > $1 ORDER BY k.rowid LIMIT $2)"
);

/// Three ids and two halves of a digest, 32 digits each, and the calls.
fn read_text(text: &str) -> Option<(IndexedKey, u64)> {
    let uuid = |number: usize| Uuid::try_parse(text.get(number * 32..(number + 1) * 32)?).ok();
    let digest = [uuid(3)?.into_bytes(), uuid(4)?.into_bytes()];
    let key = IndexedKey {
        id: ApiKeyId::from_uuid(uuid(0)?),
        organization: OrganizationId::from_uuid(uuid(1)?),
        project: ProjectId::from_uuid(uuid(2)?),
        digest: SecretDigest(digest.concat().try_into().ok()?),
        previous: None,
        disabled: false,
        revoked: false,
        expires_at: None,
        max_requests: None,
        access: KeyAccess::default(),
    };
    Some((key, text.get(5 * 32..)?.parse().ok()?))
}

async fn plain_of_sqlite(
    conn: &mut SqliteConnection,
    take: &mut (impl FnMut(IndexedKey, u64) + Send),
) -> Result<(), StoreError> {
    let mut transaction = in_time(conn.begin()).await?;
    let mut after = i64::MIN;
    loop {
        let query = sqlx::query_as(PLAIN_IN_TEXT).bind(after).bind(MANY);
        let (last, text): (Option<i64>, Option<String>) = in_time(query.fetch_one(&mut *transaction)).await?;
        let (Some(last), Some(text)) = (last, text) else { break };
        for text in text.split_terminator(',') {
            let (key, request_count) = read_text(text).ok_or_else(|| StoreError::unreadable("api_keys", text.len()))?;
            take(key, request_count);
        }
        after = last;
    }
    in_time(transaction.commit()).await
}

/// How many keys there are, deleted ones too.
pub async fn count(conn: &mut Conn<'_>) -> Result<u64, StoreError> {
    let (count,) = sql!(conn, fetch_one as (i64,), "SELECT COUNT(*) FROM api_keys")?;
    Ok(count.cast_unsigned())
}

/// Hands every key to `take`, with the calls that it has made.
pub async fn all(conn: &mut Conn<'_>, mut take: impl FnMut(IndexedKey, u64) + Send) -> Result<(), StoreError> {
    match conn {
        Conn::Sqlite(conn) => plain_of_sqlite(conn, &mut take).await?,
        Conn::Postgres(conn) => for_each(sqlx::query_as(PLAIN).fetch(&mut **conn), read_plain, &mut take).await?,
    }
    on!(conn, x => for_each(sqlx::query_as(OTHERS).fetch(x), read, &mut take).await)
}

const OF_PROJECT: &str = select!(" AND k.project_id = $1");

/// Hands every key of a project to `take`, with the calls that it has made.
pub async fn of_project(
    conn: &mut Conn<'_>,
    project: ProjectId,
    take: impl FnMut(IndexedKey, u64) + Send,
) -> Result<(), StoreError> {
    on!(conn, x => for_each(sqlx::query_as(OF_PROJECT).bind(project.uuid()).fetch(x), read, take).await)
}

const ONE: &str = select!(" AND k.id = $1");

/// One key with the calls that it has made, unless it is deleted.
pub async fn find(conn: &mut Conn<'_>, id: ApiKeyId) -> Result<Option<(IndexedKey, u64)>, StoreError> {
    sql!(conn, fetch_optional as Row, ONE, id.uuid())?.map(read).transpose()
}
