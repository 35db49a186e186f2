//! Second factors of users, and their recovery codes. The secret is sealed by
//! whoever calls; of the codes there are digests only.

use keyward_domain::{Timestamp, clock::from_millis, id::UserId};

use crate::{Conn, StoreError};

/// A user's second factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondFactor {
    /// The secret, sealed.
    pub wrapped_secret: Vec<u8>,
    /// Since when it counts; `None`: it was only begun.
    pub confirmed_at: Option<Timestamp>,
    /// The last time step whose code was used.
    pub last_step: i64,
}

const FIND: &str = "SELECT wrapped_secret, confirmed_at, last_step FROM second_factors WHERE user_id = $1";

/// A user's second factor, confirmed or not.
pub async fn find(conn: &mut Conn<'_>, user: UserId) -> Result<Option<SecondFactor>, StoreError> {
    let row = sql!(conn, fetch_optional as (Vec<u8>, Option<i64>, i64), FIND, user.uuid())?;
    Ok(row.map(|(wrapped_secret, confirmed_at, last_step)| SecondFactor {
        wrapped_secret,
        confirmed_at: confirmed_at.map(from_millis),
        last_step,
    }))
}

const BEGIN: &str = "INSERT INTO second_factors (user_id, wrapped_secret, confirmed_at, last_step)
    VALUES ($1, $2, NULL, 0)
    ON CONFLICT (user_id) DO UPDATE SET wrapped_secret = excluded.wrapped_secret, last_step = 0
    WHERE second_factors.confirmed_at IS NULL";

/// Keeps a secret that isn't confirmed yet, in place of another such one;
/// answers whether there is no confirmed one in its place.
pub async fn begin(conn: &mut Conn<'_>, user: UserId, wrapped_secret: &[u8]) -> Result<bool, StoreError> {
    Ok(sql!(conn, execute, BEGIN, user.uuid(), wrapped_secret)? == 1)
}

const CONFIRM: &str =
    "UPDATE second_factors SET confirmed_at = $2, last_step = $3 WHERE user_id = $1 AND confirmed_at IS NULL";

/// Makes it count from `now` on; the code of `step` is used. Answers whether
/// it didn't count before.
pub async fn confirm(conn: &mut Conn<'_>, user: UserId, now: i64, step: i64) -> Result<bool, StoreError> {
    Ok(sql!(conn, execute, CONFIRM, user.uuid(), now, step)? == 1)
}

const USE_STEP: &str = "UPDATE second_factors SET last_step = $2
    WHERE user_id = $1 AND last_step < $2 AND confirmed_at IS NOT NULL";

/// Uses the code of a step; answers whether neither it nor a later one was
/// used before.
pub async fn use_step(conn: &mut Conn<'_>, user: UserId, step: i64) -> Result<bool, StoreError> {
    Ok(sql!(conn, execute, USE_STEP, user.uuid(), step)? == 1)
}

const DELETE: &str = "DELETE FROM second_factors WHERE user_id = $1";

/// Forgets a user's second factor and their recovery codes; answers whether
/// there was one.
pub async fn delete(conn: &mut Conn<'_>, user: UserId) -> Result<bool, StoreError> {
    sql!(conn, execute, DELETE_CODES, user.uuid())?;
    Ok(sql!(conn, execute, DELETE, user.uuid())? == 1)
}

const DELETE_CODES: &str = "DELETE FROM recovery_codes WHERE user_id = $1";
const INSERT_CODE: &str = "INSERT INTO recovery_codes (user_id, digest) VALUES ($1, $2)";

/// Keeps the digests of a user's new recovery codes in place of all before.
pub async fn put_recovery_codes(conn: &mut Conn<'_>, user: UserId, digests: &[[u8; 32]]) -> Result<(), StoreError> {
    sql!(conn, execute, DELETE_CODES, user.uuid())?;
    for digest in digests {
        sql!(conn, execute, INSERT_CODE, user.uuid(), digest.as_slice())?;
    }
    Ok(())
}

const USE_CODE: &str = "DELETE FROM recovery_codes WHERE user_id = $1 AND digest = $2";

/// Uses a recovery code up; answers whether there was such a one.
pub async fn use_recovery_code(conn: &mut Conn<'_>, user: UserId, digest: &[u8; 32]) -> Result<bool, StoreError> {
    Ok(sql!(conn, execute, USE_CODE, user.uuid(), digest.as_slice())? == 1)
}

const COUNT_CODES: &str = "SELECT COUNT(*) FROM recovery_codes WHERE user_id = $1";

/// How many recovery codes a user has left.
pub async fn count_recovery_codes(conn: &mut Conn<'_>, user: UserId) -> Result<i64, StoreError> {
    Ok(sql!(conn, fetch_one as (i64,), COUNT_CODES, user.uuid())?.0)
}
