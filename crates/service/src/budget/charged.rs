//! What is charged to budgets: where a new one begins, how one stands, and what
//! the usage journal adds.

use std::collections::{BTreeMap, btree_map::Entry};

use keyward_domain::{
    Timestamp,
    budget::{Budget, BudgetState, Charge, ChargedAs, Spending},
    clock::to_millis,
    id::{ApiKeyId, BudgetId},
    price::MAX_COST_NANOS,
};
use keyward_store::{Conn, budget as store, budget_state, usage_rollup::Width};
use keyward_telemetry::journal::UsageRecord;

use crate::{Keyward, Result, usage::MINUTES_KEPT_MS};

/// Where a budget's count begins: with what was spent in its present period, told
/// by minutes as long as those are kept, by hours before.
pub(super) async fn until_now(conn: &mut Conn<'_>, budget: &Budget, now: Timestamp) -> Result<BudgetState> {
    let now_ms = to_millis(now);
    let start_ms = budget.period(now_ms).start_ms;
    let width = if now_ms - start_ms < MINUTES_KEPT_MS { Width::Minute } else { Width::Hour };
    let from = (width.seconds(), width.begin(start_ms));
    let charged_nanos = store::spent(conn, budget.organization, budget.scope, from).await?;
    Ok(BudgetState { start_ms, charged_nanos })
}

/// How a budget stands now; `stored` is its count in the database.
pub(super) async fn spending(
    keyward: &Keyward,
    conn: &mut Conn<'_>,
    budget: &Budget,
    stored: BudgetState,
) -> Result<Spending> {
    let now = keyward.now();
    let charged = stored.in_period(budget.period(to_millis(now)).start_ms).charged_nanos;
    if keyward.pool.is_shared() {
        return keyward.shared_spending(conn, budget.id, charged).await;
    }
    let known = keyward.index.budgets(budget.holder());
    let known = known.iter().find(|entry| entry.budget.id == budget.id && entry.budget.since_ms == budget.since_ms);
    Ok(known.map_or(Spending { spent_nanos: charged.max(0), reserved_nanos: 0 }, |entry| entry.spending(now)))
}

/// Charges a batch of the journal, where one process alone counts.
pub(crate) async fn drain(conn: &mut Conn<'_>, records: &[UsageRecord]) -> Result<()> {
    if !store::is_any(conn).await? {
        return Ok(());
    }
    let mut of_key: BTreeMap<ApiKeyId, Vec<BudgetId>> = BTreeMap::new();
    let mut kept: BTreeMap<BudgetId, (Budget, BudgetState)> = BTreeMap::new();
    // What is told later charges nothing: a budget was charged when it began.
    for record in records.iter().filter(|record| !record.is_told_later()) {
        let key = ApiKeyId::from_uuid(record.api_key);
        if let Entry::Vacant(unknown) = of_key.entry(key) {
            let found = store::of_key_any(conn, key).await?;
            unknown.insert(found.iter().map(|(budget, _)| budget.id).collect());
            for (budget, state) in found {
                kept.entry(budget.id).or_insert((budget, state));
            }
        }
        let charge = charge(record);
        for id in of_key.get(&key).into_iter().flatten() {
            if let Some((budget, state)) = kept.get_mut(id) {
                *state = charge.apply(budget, *state);
            }
        }
    }
    for (budget, state) in kept.values() {
        store::put_state(conn, budget, *state).await?;
    }
    Ok(())
}

/// What a record says of a call's budgets. A damaged record's nonsense neither
/// gives back nor fills one.
fn charge(record: &UsageRecord) -> Charge {
    let reserved_nanos = record.reserved_nanos.saturating_abs().min(MAX_COST_NANOS);
    let charged_as = match record.cost_nanos {
        _ if !record.sent && record.reserved_nanos < 0 => ChargedAs::NeverSent,
        _ if !record.sent => ChargedAs::LetThrough,
        _ if record.hold_stays => ChargedAs::Ended(None),
        cost => ChargedAs::Ended(cost.map(|cost| cost.clamp(0, MAX_COST_NANOS))),
    };
    Charge { let_through_ms: record.let_through_ms, reserved_nanos, charged_as, at_ms: record.at_ms }
}

impl Keyward {
    /// How a budget stands that several processes count, of which `charged` is
    /// charged in all.
    pub(super) async fn shared_spending(
        &self,
        conn: &mut Conn<'_>,
        budget: BudgetId,
        charged: i64,
    ) -> Result<Spending> {
        let here = self.budgets.here(budget);
        let now = to_millis(self.now());
        let elsewhere = budget_state::reserved_elsewhere(conn, budget, self.budgets.process(), now).await?;
        let reserved_nanos = here.saturating_add(elsewhere).clamp(0, charged.max(0));
        Ok(Spending { spent_nanos: charged.max(0) - reserved_nanos, reserved_nanos })
    }
}
