//! Creating a budget.

use keyward_domain::{
    actor::Actor,
    budget::{Budget, BudgetTerms},
    clock::to_millis,
    id::BudgetId,
    permission::Permission,
};
use keyward_store::{budget as store, change_log::Subject};

use super::{BudgetDetails, Whose, charged, details, find_project, place, scope, taken};
use crate::{Keyward, Result, change::Event, idempotency::Idempotency};

/// What the budget will be.
#[derive(Debug, Clone)]
pub struct CreateBudget {
    /// Whose calls it holds.
    pub whose: Whose,
    /// What it is.
    pub terms: BudgetTerms,
    /// Guards against creating twice.
    pub idempotency: Option<Idempotency>,
}

/// Makes a budget; calls are held to it from the next one on. What was spent in
/// its period before counts.
pub async fn create(keyward: &Keyward, actor: &Actor, command: CreateBudget) -> Result<BudgetDetails> {
    keyward.settle_for_reader().await;
    let CreateBudget { whose, terms, idempotency } = command;
    let mut change = keyward.change(actor, Permission::LimitsManage, place(whose)).await?;
    let project = find_project(&mut change.conn(), actor, whose).await?;
    let budget = Budget {
        id: keyward.new_id(BudgetId::generate),
        organization: actor.organization,
        scope: scope(whose),
        terms,
        since_ms: to_millis(change.now),
        created_at: change.now,
        updated_at: change.now,
        version: 1,
    };
    change.once(idempotency.as_ref(), budget.id).await?;
    let now = change.now;
    let state = charged::until_now(&mut change.conn(), &budget, now).await?;
    store::insert(&mut change.conn(), &budget, state).await.map_err(taken(&budget))?;
    change.audit(Event::on("budget.created", budget.id, &(), &budget).within(project.as_ref())).await?;
    change.log(Subject::Budgets(budget.holder())).await?;
    let details = details(keyward, &mut change.conn(), (budget, state)).await?;
    change.commit().await?;
    Ok(details)
}
