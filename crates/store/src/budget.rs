//! Budgets, and what is charged to them. A key, project or organization has at
//! most one of each period.

use keyward_domain::{
    budget::{Budget, BudgetMode, BudgetScope, BudgetState, BudgetTerms, BudgetWindow, TimeZoneName},
    clock::{from_millis, to_millis},
    id::{ApiKeyId, BudgetId, OrganizationId, ProjectId},
};
use uuid::Uuid;

use crate::{Conn, StoreError};

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    organization_id: Uuid,
    project_id: Option<Uuid>,
    api_key_id: Option<Uuid>,
    amount_nanos: i64,
    period: String,
    time_zone: String,
    mode: String,
    shadow: bool,
    since: i64,
    period_start: i64,
    charged_nanos: i64,
    created_at: i64,
    updated_at: i64,
    version: i64,
}

/// A budget with its count.
type Kept = (Budget, BudgetState);

impl TryFrom<Row> for Kept {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let scope = match (row.project_id.map(ProjectId::from_uuid), row.api_key_id.map(ApiKeyId::from_uuid)) {
            (Some(project), Some(key)) => BudgetScope::Key(project, key),
            (Some(project), None) => BudgetScope::Project(project),
            (None, _) => BudgetScope::Organization,
        };
        let terms = BudgetTerms {
            amount_nanos: row.amount_nanos,
            window: BudgetWindow::parse("period", &row.period)
                .map_err(|_| StoreError::unreadable("budgets.period", &row.period))?,
            time_zone: TimeZoneName::stored(row.time_zone),
            mode: BudgetMode::parse("mode", &row.mode)
                .map_err(|_| StoreError::unreadable("budgets.mode", &row.mode))?,
            shadow: row.shadow,
        };
        let budget = Budget {
            id: BudgetId::from_uuid(row.id),
            organization: OrganizationId::from_uuid(row.organization_id),
            scope,
            terms,
            since_ms: row.since,
            created_at: from_millis(row.created_at),
            updated_at: from_millis(row.updated_at),
            version: row.version,
        };
        Ok((budget, BudgetState { start_ms: row.period_start, charged_nanos: row.charged_nanos }))
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, organization_id, project_id, api_key_id, amount_nanos, period, time_zone, mode, shadow,
                since, period_start, charged_nanos, created_at, updated_at, version FROM budgets ",
            $rest
        )
    };
}

const INSERT: &str =
    "INSERT INTO budgets (id, organization_id, project_id, api_key_id, holder_id, amount_nanos, period,
        time_zone, mode, since, period_start, charged_nanos, created_at, updated_at, version, shadow)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";

/// Keeps a new budget. Another of the same holder and period is [`is_taken`].
pub async fn insert(conn: &mut Conn<'_>, budget: &Budget, state: BudgetState) -> Result<(), StoreError> {
    let key = match budget.scope {
        BudgetScope::Key(_, key) => Some(key.uuid()),
        BudgetScope::Organization | BudgetScope::Project(_) => None,
    };
    sql!(
        conn,
        execute,
        INSERT,
        budget.id.uuid(),
        budget.organization.uuid(),
        budget.scope.project().map(ProjectId::uuid),
        key,
        budget.holder(),
        budget.terms.amount_nanos,
        budget.terms.window.as_str(),
        budget.terms.time_zone.as_str(),
        budget.terms.mode.as_str(),
        budget.since_ms,
        state.start_ms,
        state.charged_nanos,
        to_millis(budget.created_at),
        to_millis(budget.updated_at),
        budget.version,
        budget.terms.shadow
    )
    .map(drop)
}

const UPDATE: &str = "UPDATE budgets SET amount_nanos = $3, period = $4, time_zone = $5, mode = $6, updated_at = $7,
        version = $8, shadow = $9
    WHERE organization_id = $1 AND id = $2";

/// Keeps a changed budget; its count goes on. Another of the same holder and
/// period is [`is_taken`].
pub async fn update(conn: &mut Conn<'_>, budget: &Budget) -> Result<(), StoreError> {
    sql!(
        conn,
        execute,
        UPDATE,
        budget.organization.uuid(),
        budget.id.uuid(),
        budget.terms.amount_nanos,
        budget.terms.window.as_str(),
        budget.terms.time_zone.as_str(),
        budget.terms.mode.as_str(),
        to_millis(budget.updated_at),
        budget.version,
        budget.terms.shadow
    )
    .map(drop)
}

const RESTART: &str = "UPDATE budgets SET since = $3, period_start = $4, charged_nanos = $5
    WHERE organization_id = $1 AND id = $2";

/// Begins a budget's count anew, since `budget.since_ms`.
pub async fn restart(conn: &mut Conn<'_>, budget: &Budget, state: BudgetState) -> Result<(), StoreError> {
    let (organization, id) = (budget.organization.uuid(), budget.id.uuid());
    sql!(conn, execute, RESTART, organization, id, budget.since_ms, state.start_ms, state.charged_nanos).map(drop)
}

/// Whether an insert or update failed for a holder that has a budget of that
/// period already.
pub fn is_taken(error: &StoreError) -> bool {
    error.is_taken("budgets_holder", "budgets.holder_id, budgets.period")
}

const DELETE: &str = "DELETE FROM budgets WHERE organization_id = $1 AND id = $2";
const DELETE_SLOTS: &str = "DELETE FROM budget_slots WHERE budget_id = $1";

/// Forgets a budget.
pub async fn delete(conn: &mut Conn<'_>, organization: OrganizationId, id: BudgetId) -> Result<(), StoreError> {
    sql!(conn, execute, DELETE, organization.uuid(), id.uuid())?;
    sql!(conn, execute, DELETE_SLOTS, id.uuid()).map(drop)
}

const OF_HOLDER: &str = select!("WHERE organization_id = $1 AND holder_id = $2 ORDER BY id");

/// The budgets of a key, a project or an organization, in the order of their ids.
pub async fn of_holder(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    holder: Uuid,
) -> Result<Vec<Kept>, StoreError> {
    let rows = sql!(conn, fetch_all as Row, OF_HOLDER, organization.uuid(), holder)?;
    rows.into_iter().map(Kept::try_from).collect()
}

const OF_HOLDER_ANY: &str = select!("WHERE holder_id = $1 ORDER BY id");

/// The same for the key index, whosever they are.
pub async fn of_holder_any(conn: &mut Conn<'_>, holder: Uuid) -> Result<Vec<Kept>, StoreError> {
    let rows = sql!(conn, fetch_all as Row, OF_HOLDER_ANY, holder)?;
    rows.into_iter().map(Kept::try_from).collect()
}

const ALL: &str = select!("ORDER BY id");

/// Every budget, for the key index.
pub async fn all(conn: &mut Conn<'_>) -> Result<Vec<Kept>, StoreError> {
    sql!(conn, fetch_all as Row, ALL)?.into_iter().map(Kept::try_from).collect()
}

const OF_KEY: &str = select!(
    "WHERE holder_id IN (SELECT id FROM api_keys WHERE id = $1 UNION SELECT project_id FROM api_keys WHERE id = $1
        UNION SELECT organization_id FROM api_keys WHERE id = $1) ORDER BY id"
);

/// All budgets that a key's calls are charged to, whosever they are: for the
/// usage journal.
pub async fn of_key_any(conn: &mut Conn<'_>, key: ApiKeyId) -> Result<Vec<Kept>, StoreError> {
    let rows = sql!(conn, fetch_all as Row, OF_KEY, key.uuid())?;
    rows.into_iter().map(Kept::try_from).collect()
}

const IS_ANY: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT id FROM budgets LIMIT 1) AS first";

/// Whether there is any budget at all.
pub async fn is_any(conn: &mut Conn<'_>) -> Result<bool, StoreError> {
    Ok(sql!(conn, fetch_one as (i64,), IS_ANY)?.0 > 0)
}

const PUT_STATE: &str = "UPDATE budgets SET period_start = $3, charged_nanos = $4 WHERE id = $1 AND since = $2";

/// Keeps a budget's count, where one process alone counts.
pub async fn put_state(conn: &mut Conn<'_>, budget: &Budget, state: BudgetState) -> Result<(), StoreError> {
    sql!(conn, execute, PUT_STATE, budget.id.uuid(), budget.since_ms, state.start_ms, state.charged_nanos).map(drop)
}

const SPENT: &str = "SELECT CAST(COALESCE(SUM(cost_nanos), 0) AS BIGINT) FROM usage_rollups
    WHERE organization_id = $1 AND width = $2 AND at >= $3 AND (project_id = $4 OR $4 IS NULL)
        AND (api_key_id = $5 OR $5 IS NULL)";

/// What calls cost from a moment on, in nanodollars: by whole minutes or hours
/// (`width`, in seconds) that begin there or later.
pub async fn spent(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    scope: BudgetScope,
    (width, from_ms): (i64, i64),
) -> Result<i64, StoreError> {
    let key = match scope {
        BudgetScope::Key(_, key) => Some(key.uuid()),
        BudgetScope::Organization | BudgetScope::Project(_) => None,
    };
    let project = scope.project().map(ProjectId::uuid);
    Ok(sql!(conn, fetch_one as (i64,), SPENT, organization.uuid(), width, from_ms, project, key)?.0)
}
