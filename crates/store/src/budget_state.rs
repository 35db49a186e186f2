//! What is charged to budgets, where several processes count together: each
//! function is one statement, so nobody holds back what somebody else has.

use keyward_domain::{budget::BudgetState, id::BudgetId};
use uuid::Uuid;

use crate::{Conn, StoreError};

/// A budget in the period that begins at `start`, in milliseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Which.
    pub id: BudgetId,
    /// Since when it counts in these periods.
    pub since: i64,
    /// Where the period begins.
    pub start: i64,
}

// A clock that is behind doesn't bring an earlier period back.
const ADMIT: &str = "UPDATE budgets SET
        charged_nanos = CASE WHEN period_start < $3 THEN $4 ELSE charged_nanos + $4 END,
        period_start = CASE WHEN period_start < $3 THEN $3 ELSE period_start END
    WHERE id = $1 AND since = $2
        AND CASE WHEN period_start < $3 THEN $4 ELSE charged_nanos + $4 END <= amount_nanos
    RETURNING period_start, charged_nanos";

/// Holds nanodollars back, and answers where the period begins that they were
/// taken from and what is charged to it now; `None`: the budget doesn't cover
/// them, or isn't there as that.
pub async fn admit(conn: &mut Conn<'_>, place: Place, reserve: i64) -> Result<Option<BudgetState>, StoreError> {
    let Place { id, since, start } = place;
    let row = sql!(conn, fetch_optional as (i64, i64), ADMIT, id.uuid(), since, start, reserve)?;
    Ok(row.map(|(start_ms, charged_nanos)| BudgetState { start_ms, charged_nanos }))
}

const TAKE: &str = "UPDATE budgets SET
        charged_nanos = CASE WHEN period_start < $3 THEN $4 ELSE charged_nanos + $4 END,
        period_start = CASE WHEN period_start < $3 THEN $3 ELSE period_start END
    WHERE id = $1 AND since = $2
    RETURNING period_start, charged_nanos";

/// The same, whatever is left, as a budget in shadow mode does; `None`: it isn't
/// there as that.
pub async fn take(conn: &mut Conn<'_>, place: Place, reserve: i64) -> Result<Option<BudgetState>, StoreError> {
    let Place { id, since, start } = place;
    let row = sql!(conn, fetch_optional as (i64, i64), TAKE, id.uuid(), since, start, reserve)?;
    Ok(row.map(|(start_ms, charged_nanos)| BudgetState { start_ms, charged_nanos }))
}

const CHARGE: &str = "UPDATE budgets SET
        charged_nanos = CASE WHEN period_start < $3 THEN $4 ELSE charged_nanos + $4 END,
        period_start = CASE WHEN period_start < $3 THEN $3 ELSE period_start END
    WHERE id = $1 AND since = $2 AND period_start <= $3";

/// Adds nanodollars, which may be fewer than none, to a period. One that is over
/// takes nothing.
pub async fn charge(conn: &mut Conn<'_>, place: Place, nanos: i64) -> Result<(), StoreError> {
    let Place { id, since, start } = place;
    sql!(conn, execute, CHARGE, id.uuid(), since, start, nanos).map(drop)
}

const STATE: &str = "SELECT since, period_start, charged_nanos FROM budgets WHERE id = $1";

/// Since when a budget counts as it does, where its period begins, and what is
/// charged to that.
pub async fn state(conn: &mut Conn<'_>, id: BudgetId) -> Result<Option<(i64, i64, i64)>, StoreError> {
    sql!(conn, fetch_optional as (i64, i64, i64), STATE, id.uuid())
}

const ELSEWHERE: &str = "SELECT CAST(COALESCE(SUM(reserved_nanos), 0) AS BIGINT) FROM budget_slots
    WHERE budget_id = $1 AND process_id <> $2 AND expires_at > $3";

/// What other processes hold back of a budget, as they last told, at `now` in
/// milliseconds since 1970.
pub async fn reserved_elsewhere(
    conn: &mut Conn<'_>,
    budget: BudgetId,
    process: Uuid,
    now: i64,
) -> Result<i64, StoreError> {
    Ok(sql!(conn, fetch_one as (i64,), ELSEWHERE, budget.uuid(), process, now)?.0)
}

const TELL: &str = "INSERT INTO budget_slots (budget_id, process_id, reserved_nanos, expires_at)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (budget_id, process_id) DO UPDATE SET reserved_nanos = $3, expires_at = $4";

/// Tells what a process holds back of a budget, until `expires_at`.
pub async fn tell_reserved(
    conn: &mut Conn<'_>,
    budget: BudgetId,
    process: Uuid,
    reserved: i64,
    expires_at: i64,
) -> Result<(), StoreError> {
    sql!(conn, execute, TELL, budget.uuid(), process, reserved, expires_at).map(drop)
}

const LEAVE: &str = "DELETE FROM budget_slots WHERE process_id = $1 OR expires_at < $2";

/// A process holds nothing back any more; forgets those that were silent before
/// `long_ago`, too.
pub async fn leave(conn: &mut Conn<'_>, process: Uuid, long_ago: i64) -> Result<(), StoreError> {
    sql!(conn, execute, LEAVE, process, long_ago).map(drop)
}
