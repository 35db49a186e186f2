//! Changing a budget.

use keyward_domain::{
    actor::Actor,
    budget::{Budget, TermsPatch},
    clock::to_millis,
    id::BudgetId,
    permission::Permission,
};
use keyward_store::{budget as store, change_log::Subject};

use super::{BudgetDetails, Whose, charged, details, find_in, find_project, place, taken};
use crate::{Keyward, Result, change::Event, error::check_version};

/// What changes.
#[derive(Debug, Clone)]
pub struct UpdateBudget {
    /// Whose budget.
    pub whose: Whose,
    /// Which one.
    pub budget: BudgetId,
    /// What changes about it.
    pub patch: TermsPatch,
    /// The version that the caller read.
    pub expected_version: Option<i64>,
}

/// Changes a budget; the very next call is held to it. What is spent stays
/// spent; for another window or time zone it is summed up anew.
pub async fn update(keyward: &Keyward, actor: &Actor, command: UpdateBudget) -> Result<BudgetDetails> {
    keyward.settle_for_reader().await;
    let UpdateBudget { whose, budget, patch, expected_version } = command;
    let mut change = keyward.change(actor, Permission::LimitsManage, place(whose)).await?;
    let project = find_project(&mut change.conn(), actor, whose).await?;
    let (before, mut state) = find_in(&mut change.conn(), actor, whose, budget).await?;
    check_version(expected_version, before.version)?;
    let mut after = Budget { terms: patch.apply(Some(&before.terms))?, ..before.clone() };
    if after == before {
        return details(keyward, &mut change.conn(), (before, state)).await;
    }
    after.touch(change.now);
    store::update(&mut change.conn(), &after).await.map_err(taken(&after))?;
    if !after.terms.counts_alike(&before.terms) {
        after.since_ms = to_millis(change.now);
        let now = change.now;
        state = charged::until_now(&mut change.conn(), &after, now).await?;
        store::restart(&mut change.conn(), &after, state).await?;
    }
    change.audit(Event::on("budget.updated", after.id, &before, &after).within(project.as_ref())).await?;
    change.log(Subject::Budgets(after.holder())).await?;
    let details = details(keyward, &mut change.conn(), (after, state)).await?;
    change.commit().await?;
    Ok(details)
}
