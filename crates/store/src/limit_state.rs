//! What limits remember, where several processes count together. Whoever
//! [locks](lock) a limit is alone with it until the transaction ends.

use uuid::Uuid;

use crate::{Conn, StoreError};

const LOCK: &str = "INSERT INTO limit_states (limit_id, requests_full_at, tokens_full_at) VALUES ($1, 0, 0)
    ON CONFLICT (limit_id) DO UPDATE SET tokens_full_at = limit_states.tokens_full_at
    RETURNING requests_full_at, tokens_full_at";

/// When the buckets of a limit are full (requests, tokens), in nanoseconds since
/// 1970; both 0 for a limit that saw no call. Nobody else locks it meanwhile.
pub async fn lock(conn: &mut Conn<'_>, limit: Uuid) -> Result<(i64, i64), StoreError> {
    sql!(conn, fetch_one as (i64, i64), LOCK, limit)
}

const PUT: &str = "UPDATE limit_states SET requests_full_at = $2, tokens_full_at = $3 WHERE limit_id = $1";

/// Keeps the buckets of a locked limit.
pub async fn put(
    conn: &mut Conn<'_>,
    limit: Uuid,
    (requests_full_at, tokens_full_at): (i64, i64),
) -> Result<(), StoreError> {
    sql!(conn, execute, PUT, limit, requests_full_at, tokens_full_at).map(drop)
}

const ELSEWHERE: &str = "SELECT CAST(COALESCE(SUM(running), 0) AS BIGINT) FROM limit_slots
    WHERE limit_id = $1 AND process_id <> $2 AND expires_at > $3";

/// How many calls other processes have under way under a limit, at `now` in
/// milliseconds since 1970.
pub async fn running_elsewhere(conn: &mut Conn<'_>, limit: Uuid, process: Uuid, now: i64) -> Result<i64, StoreError> {
    Ok(sql!(conn, fetch_one as (i64,), ELSEWHERE, limit, process, now)?.0)
}

const PUT_RUNNING: &str = "INSERT INTO limit_slots (limit_id, process_id, running, expires_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (limit_id, process_id) DO UPDATE SET running = $3, expires_at = $4";

/// Keeps how many calls a process has under way under a limit, until `expires_at`.
pub async fn put_running(
    conn: &mut Conn<'_>,
    limit: Uuid,
    process: Uuid,
    running: i64,
    expires_at: i64,
) -> Result<(), StoreError> {
    sql!(conn, execute, PUT_RUNNING, limit, process, running, expires_at).map(drop)
}

const RENEW: &str = "UPDATE limit_slots SET expires_at = $2 WHERE process_id = $1";
const FORGET: &str = "DELETE FROM limit_slots WHERE expires_at < $1";

/// Says that a process is still there until `expires_at`, and forgets those
/// that were not before `long_ago`.
pub async fn renew(conn: &mut Conn<'_>, process: Uuid, expires_at: i64, long_ago: i64) -> Result<(), StoreError> {
    sql!(conn, execute, RENEW, process, expires_at)?;
    sql!(conn, execute, FORGET, long_ago).map(drop)
}

const LEAVE: &str = "DELETE FROM limit_slots WHERE process_id = $1";

/// A process has ended: none of its calls is under way.
pub async fn leave(conn: &mut Conn<'_>, process: Uuid) -> Result<(), StoreError> {
    sql!(conn, execute, LEAVE, process).map(drop)
}
