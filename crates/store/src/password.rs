//! Hashes of passwords. A user who signs in elsewhere has none.

use keyward_domain::{
    Name,
    clock::from_millis,
    id::UserId,
    organization::{Email, User},
};
use uuid::Uuid;

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

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    email: String,
    name: String,
    created_at: i64,
    hash: Option<String>,
}

const FIND_BY_EMAIL: &str = "SELECT u.id, u.email, u.name, u.created_at, p.hash FROM users u
    LEFT JOIN passwords p ON p.user_id = u.id WHERE u.email = $1";

/// The user with that address and the hash of their password, in one look.
/// `None` is an address that nobody can have, which is asked for all the same.
pub async fn find_by_email(
    conn: &mut Conn<'_>,
    email: Option<&Email>,
) -> Result<Option<(User, Option<String>)>, StoreError> {
    let email = email.map_or("", Email::as_str);
    let row = sql!(conn, fetch_optional as Row, FIND_BY_EMAIL, email)?;
    Ok(row.map(|row| {
        let user = User {
            id: UserId::from_uuid(row.id),
            email: Email::from_stored(row.email),
            name: Name::from_stored(row.name),
            created_at: from_millis(row.created_at),
        };
        (user, row.hash)
    }))
}

const CHANGED_AT: &str = "SELECT changed_at FROM passwords WHERE user_id = $1";

/// When a user's password was last changed, in milliseconds since 1970.
pub async fn changed_at(conn: &mut Conn<'_>, user: UserId) -> Result<Option<i64>, StoreError> {
    Ok(sql!(conn, fetch_optional as (i64,), CHANGED_AT, user.uuid())?.map(|row| row.0))
}
