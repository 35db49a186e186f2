//! Looking budgets up. What is in the usage journal is counted first.

use keyward_domain::{actor::Actor, id::BudgetId, permission::Permission};
use keyward_store::budget as store;

use super::{BudgetDetails, Whose, details, find_in, find_project, place, scope};
use crate::{Keyward, Result, authorize::authorize};

/// The budgets of a project or of the organization, the oldest first: at most one
/// of each window.
pub async fn list(keyward: &Keyward, actor: &Actor, whose: Whose) -> Result<Vec<BudgetDetails>> {
    authorize(actor, Permission::LimitsRead, place(whose))?;
    keyward.settle_for_reader().await;
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    find_project(conn, actor, whose).await?;
    let mut budgets = Vec::new();
    for kept in store::of_holder(conn, actor.organization, scope(whose).holder(actor.organization)).await? {
        budgets.push(details(keyward, conn, kept).await?);
    }
    Ok(budgets)
}

/// One of them.
pub async fn find(keyward: &Keyward, actor: &Actor, whose: Whose, id: BudgetId) -> Result<BudgetDetails> {
    authorize(actor, Permission::LimitsRead, place(whose))?;
    keyward.settle_for_reader().await;
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    find_project(conn, actor, whose).await?;
    let kept = find_in(conn, actor, whose, id).await?;
    details(keyward, conn, kept).await
}
