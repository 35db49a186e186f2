//! OpenAI's `spend_limit`: the strict budget of calendar months, of a project or of
//! the organization. One in shadow mode limits nothing.

use keyward_domain::{
    actor::Actor,
    budget::{BudgetMode, BudgetTerms, BudgetWindow, TermsPatch, TimeZoneName},
};

use super::{BudgetDetails, CreateBudget, UpdateBudget, Whose, create, delete, list, update};
use crate::{Error, Keyward, Result};

async fn monthly(keyward: &Keyward, actor: &Actor, whose: Whose) -> Result<Option<BudgetDetails>> {
    let all = list(keyward, actor, whose).await?;
    Ok(all.into_iter().find(|details| details.budget.terms.window == BudgetWindow::Month))
}

/// The spend limit, if there is one.
pub async fn find_spend_limit(keyward: &Keyward, actor: &Actor, whose: Whose) -> Result<BudgetDetails> {
    let found = monthly(keyward, actor, whose).await?;
    found.filter(|details| details.budget.terms.is_strict()).ok_or(Error::NotFound("spend limit"))
}

/// Makes or replaces the spend limit. A balanced budget of months becomes strict, one
/// in shadow mode enforced.
pub async fn put_spend_limit(
    keyward: &Keyward,
    actor: &Actor,
    whose: Whose,
    amount_nanos: i64,
) -> Result<BudgetDetails> {
    match monthly(keyward, actor, whose).await? {
        Some(BudgetDetails { budget, .. }) => {
            let patch = TermsPatch {
                amount_nanos: Some(amount_nanos),
                mode: Some(BudgetMode::Strict),
                shadow: Some(false),
                ..TermsPatch::default()
            };
            update(keyward, actor, UpdateBudget { whose, budget: budget.id, patch, expected_version: None }).await
        }
        None => {
            let terms = BudgetTerms {
                amount_nanos,
                window: BudgetWindow::Month,
                time_zone: TimeZoneName::default(),
                mode: BudgetMode::Strict,
                shadow: false,
            };
            create(keyward, actor, CreateBudget { whose, terms, idempotency: None }).await
        }
    }
}

/// Deletes the spend limit.
pub async fn delete_spend_limit(keyward: &Keyward, actor: &Actor, whose: Whose) -> Result<()> {
    let BudgetDetails { budget, .. } = find_spend_limit(keyward, actor, whose).await?;
    delete(keyward, actor, whose, budget.id).await
}
