//! Hashes of passwords. A user who signs in elsewhere has none.

use keyward_domain::id::UserId;

use crate::{Conn, StoreError};

const PUT: &str = "INSERT INTO passwords (user_id, hash, changed_at) VALUES ($1, $2, $3)
    ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at";

/// Keeps the hash of a user's new password in place of any before.
pub async fn put(conn: &mut Conn<'_>, user: UserId, hash: &str, now: i64) -> Result<(), StoreError> {
    sql!(conn, execute, PUT, user.uuid(), hash, now).map(drop)
}

const FIND: &str = "SELECT hash FROM passwords WHERE user_id = $1";

/// The hash of a user's password.
pub async fn find(conn: &mut Conn<'_>, user: UserId) -> Result<Option<String>, StoreError> {
    Ok(sql!(conn, fetch_optional as (String,), FIND, user.uuid())?.map(|row| row.0))
}
