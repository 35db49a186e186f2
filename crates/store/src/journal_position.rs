//! How far each usage journal is in the counters: written in one transaction
//! with them, so that a record counts exactly once.

use uuid::Uuid;

use crate::{Conn, StoreError};

/// A place in a journal: a segment's number and a byte offset in it.
pub type Place = (u32, u32);

// An update that changes nothing, rather than a SELECT, waits for a transaction
// whose commit is still under way, and answers what that one wrote.
const LOCK: &str = "INSERT INTO journal_positions (journal_id, segment, byte_offset) VALUES ($1, $2, $3)
    ON CONFLICT (journal_id) DO UPDATE SET segment = journal_positions.segment RETURNING segment, byte_offset";

/// How far a journal is applied (`start`, if nothing of it ever was), and
/// nobody else moves it until this transaction ends.
pub async fn lock(conn: &mut Conn<'_>, journal: Uuid, start: Place) -> Result<Place, StoreError> {
    let (segment, offset) = sql!(conn, fetch_one as (i64, i64), LOCK, journal, i64::from(start.0), i64::from(start.1))?;
    let read = |value: i64| u32::try_from(value).map_err(|_| StoreError::unreadable("journal_positions", value));
    Ok((read(segment)?, read(offset)?))
}

const PUT: &str = "UPDATE journal_positions SET segment = $2, byte_offset = $3 WHERE journal_id = $1";

/// Keeps how far a journal is applied; [`lock`] comes before.
pub async fn put(conn: &mut Conn<'_>, journal: Uuid, (segment, offset): Place) -> Result<(), StoreError> {
    sql!(conn, execute, PUT, journal, i64::from(segment), i64::from(offset)).map(drop)
}
