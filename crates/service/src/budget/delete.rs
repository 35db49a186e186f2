//! Deleting a budget.

use keyward_domain::{actor::Actor, id::BudgetId, permission::Permission};
use keyward_store::{budget as store, change_log::Subject};

use super::{Whose, find_in, find_project, place};
use crate::{Keyward, Result, change::Event};

/// Forgets a budget; calls aren't held to it from the next one on.
pub async fn delete(keyward: &Keyward, actor: &Actor, whose: Whose, id: BudgetId) -> Result<()> {
    let mut change = keyward.change(actor, Permission::LimitsManage, place(whose)).await?;
    let project = find_project(&mut change.conn(), actor, whose).await?;
    let (budget, _) = find_in(&mut change.conn(), actor, whose, id).await?;
    store::delete(&mut change.conn(), budget.organization, budget.id).await?;
    change.audit(Event::on("budget.deleted", budget.id, &budget, &()).within(project.as_ref())).await?;
    change.log(Subject::Budgets(budget.holder())).await?;
    change.commit().await
}
