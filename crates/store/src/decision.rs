//! Why calls were let through or refused: batches of decisions, each of all
//! organizations' calls, so whoever finds one in it must compare whose it is.
//! What a batch holds is read elsewhere.

use uuid::Uuid;

use crate::{Conn, StoreError};

/// Many decisions in one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionBatch {
    /// The least id of a request in it.
    pub first: Uuid,
    /// The greatest; no other batch has it.
    pub last: Uuid,
    /// The ids are no further apart than so many seconds.
    pub span_seconds: i64,
    /// What it takes.
    pub bytes: i64,
    /// The decisions.
    pub content: Vec<u8>,
}

const INSERT: &str = "INSERT INTO decision_batches (last_id, first_id, span_seconds, bytes, content)
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (last_id) DO NOTHING";

const ADD: &str = "UPDATE decision_totals SET bytes = bytes + $1 WHERE id = 1";

/// Keeps a batch; one that is there already stays as it is.
pub async fn insert(conn: &mut Conn<'_>, batch: &DecisionBatch) -> Result<(), StoreError> {
    let DecisionBatch { first, last, span_seconds, bytes, content } = batch;
    let added = sql!(conn, execute, INSERT, last, first, span_seconds, bytes, content.as_slice())?;
    if added > 0 {
        sql!(conn, execute, ADD, bytes)?;
    }
    Ok(())
}

const FIND: &str = "SELECT last_id, content FROM decision_batches
    WHERE span_seconds = $1 AND last_id >= $2 AND last_id <= $3 AND first_id <= $4 ORDER BY last_id LIMIT $5";

/// At most `limit` of the batches of that span that may know of `request`: those
/// whose last id is `from` or greater, the least first, with that id.
pub async fn find(
    conn: &mut Conn<'_>,
    request: Uuid,
    span_seconds: i64,
    (from, until): (Uuid, Uuid),
    limit: i64,
) -> Result<Vec<(Uuid, Vec<u8>)>, StoreError> {
    sql!(conn, fetch_all as (Uuid, Vec<u8>), FIND, span_seconds, from, until, request, limit)
}

const TOTAL: &str = "SELECT bytes FROM decision_totals WHERE id = 1";

/// What all batches take together.
pub async fn total(conn: &mut Conn<'_>) -> Result<i64, StoreError> {
    Ok(sql!(conn, fetch_one as (i64,), TOTAL)?.0)
}

// Of the oldest, as many as it takes: those before the last one aren't enough.
const FORGET: &str = "DELETE FROM decision_batches WHERE last_id IN (
        SELECT last_id FROM (
            SELECT last_id, bytes, SUM(bytes) OVER (ORDER BY last_id) AS freed
            FROM (SELECT last_id, bytes FROM decision_batches ORDER BY last_id LIMIT $2) AS oldest
        ) AS summed WHERE freed - bytes < $1
    ) RETURNING bytes";

/// Forgets the oldest batches until `excess` bytes are freed, but at most `most`
/// of them. Answers how many bytes that were.
pub async fn forget(conn: &mut Conn<'_>, excess: i64, most: i64) -> Result<i64, StoreError> {
    let forgotten = sql!(conn, fetch_all as (i64,), FORGET, excess, most)?;
    let freed: i64 = forgotten.iter().map(|(bytes,)| bytes).sum();
    sql!(conn, execute, ADD, -freed)?;
    Ok(freed)
}
