//! Links that are good once: to set a password anew, and to set Keyward up.

use keyward_domain::id::UserId;
use uuid::Uuid;

use crate::{Conn, StoreError};

/// A link that hasn't been used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OneTimeLink {
    /// Whose it is; `None` for one that is nobody's yet.
    pub user: Option<UserId>,
    /// When it was made, in milliseconds since 1970.
    pub created_at: i64,
    /// Until when it is good, in milliseconds since 1970.
    pub expires_at: i64,
}

#[derive(sqlx::FromRow)]
struct Row {
    user_id: Option<Uuid>,
    created_at: i64,
    expires_at: i64,
}

impl From<Row> for OneTimeLink {
    fn from(row: Row) -> Self {
        let Row { user_id, created_at, expires_at } = row;
        Self { user: user_id.map(UserId::from_uuid), created_at, expires_at }
    }
}

const INSERT: &str =
    "INSERT INTO one_time_links (digest, purpose, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)";

/// Keeps a new link under the digest of its token.
pub async fn insert(conn: &mut Conn<'_>, purpose: &str, digest: &[u8], link: &OneTimeLink) -> Result<(), StoreError> {
    let user = link.user.map(UserId::uuid);
    sql!(conn, execute, INSERT, digest, purpose, user, link.created_at, link.expires_at).map(drop)
}

const FIND: &str = "SELECT user_id, created_at, expires_at FROM one_time_links WHERE digest = $1 AND purpose = $2";

/// The link of that purpose with that token, also one that isn't good any more.
pub async fn find(conn: &mut Conn<'_>, purpose: &str, digest: &[u8]) -> Result<Option<OneTimeLink>, StoreError> {
    Ok(sql!(conn, fetch_optional as Row, FIND, digest, purpose)?.map(Into::into))
}

const LATEST: &str = "SELECT user_id, created_at, expires_at FROM one_time_links
    WHERE user_id = $1 AND purpose = $2 ORDER BY created_at DESC LIMIT 1";

/// A user's newest link of that purpose.
pub async fn latest(conn: &mut Conn<'_>, purpose: &str, user: UserId) -> Result<Option<OneTimeLink>, StoreError> {
    Ok(sql!(conn, fetch_optional as Row, LATEST, user.uuid(), purpose)?.map(Into::into))
}

const DELETE_OF_USER: &str = "DELETE FROM one_time_links WHERE user_id = $1 AND purpose = $2";

/// Makes a user's links of that purpose useless.
pub async fn delete_of_user(conn: &mut Conn<'_>, purpose: &str, user: UserId) -> Result<(), StoreError> {
    sql!(conn, execute, DELETE_OF_USER, user.uuid(), purpose).map(drop)
}

const DELETE_ALL: &str = "DELETE FROM one_time_links WHERE purpose = $1";

/// Makes all links of that purpose useless.
pub async fn delete_all(conn: &mut Conn<'_>, purpose: &str) -> Result<(), StoreError> {
    sql!(conn, execute, DELETE_ALL, purpose).map(drop)
}

const DELETE_EXPIRED: &str = "DELETE FROM one_time_links WHERE expires_at <= $1";

/// Forgets links that aren't good any more at `now`.
pub async fn delete_expired(conn: &mut Conn<'_>, now: i64) -> Result<(), StoreError> {
    sql!(conn, execute, DELETE_EXPIRED, now).map(drop)
}
