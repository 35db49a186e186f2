//! Budgets of projects and of the organization: create, edit, delete, look up. A
//! key's own budget is a field of the key; `keys` keeps what enforces it.

mod charged;
mod create;
mod delete;
mod index;
mod keys;
mod list;
mod shared;
mod spend_limit;
mod update;

use keyward_domain::{
    actor::Actor,
    budget::{Budget, BudgetScope, BudgetState, Period, Spending},
    id::{BudgetId, ProjectId},
    project::Project,
    role::Scope,
};
use keyward_store::{Conn, StoreError, budget as store};

pub(crate) use charged::drain;
pub use create::{CreateBudget, create};
pub use delete::delete;
pub(crate) use index::{load, take_in};
pub(crate) use keys::{follow_key, forget_key, of_key};
pub use list::{find, list};
pub(crate) use shared::SharedBudgets;
pub use spend_limit::{delete_spend_limit, find_spend_limit, put_spend_limit};
pub use update::{UpdateBudget, update};

use crate::{Error, Keyward, Result};

/// Whose budget: a project's, or the organization's where none is named.
pub type Whose = Option<ProjectId>;

/// A budget, and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetDetails {
    /// The budget.
    pub budget: Budget,
    /// What happened in its present period.
    pub spending: Spending,
    /// That period.
    pub period: Period,
}

/// Where a permission is needed for somebody's budgets.
const fn place(whose: Whose) -> Scope {
    match whose {
        Some(project) => Scope::Project(project),
        None => Scope::Organization,
    }
}

/// The project, if one is named.
async fn find_project(conn: &mut Conn<'_>, actor: &Actor, whose: Whose) -> Result<Option<Project>> {
    let Some(id) = whose else { return Ok(None) };
    let found = keyward_store::project::find(conn, actor.organization, id).await?;
    Ok(Some(found.ok_or(Error::NotFound("project"))?))
}

const fn scope(whose: Whose) -> BudgetScope {
    match whose {
        Some(project) => BudgetScope::Project(project),
        None => BudgetScope::Organization,
    }
}

async fn find_in(conn: &mut Conn<'_>, actor: &Actor, whose: Whose, id: BudgetId) -> Result<(Budget, BudgetState)> {
    let holder = scope(whose).holder(actor.organization);
    let all = store::of_holder(conn, actor.organization, holder).await?;
    all.into_iter().find(|(budget, _)| budget.id == id).ok_or(Error::NotFound("budget"))
}

async fn details(
    keyward: &Keyward,
    conn: &mut Conn<'_>,
    (budget, stored): (Budget, BudgetState),
) -> Result<BudgetDetails> {
    let spending = charged::spending(keyward, conn, &budget, stored).await?;
    let period = budget.period(keyward_domain::clock::to_millis(keyward.now()));
    Ok(BudgetDetails { budget, spending, period })
}

fn taken(budget: &Budget) -> impl Fn(StoreError) -> Error {
    move |error| {
        if !store::is_taken(&error) {
            return error.into();
        }
        let message =
            format!("There is a budget of this window ({}) here already. Edit that one.", budget.terms.window.as_str());
        Error::Conflict { code: "budget_exists", param: Some("window"), message }
    }
}
