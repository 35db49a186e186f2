//! What enforces a key's own budget follows the key: within the key's change.

use keyward_domain::{
    api_key::ApiKey,
    budget::{Budget, BudgetScope, Spending},
    clock::to_millis,
    id::BudgetId,
};
use keyward_store::{Conn, budget as store, change_log::Subject};

use super::charged;
use crate::{Keyward, Result, change::Change};

/// Makes, changes or forgets the budget of a key as the key says.
pub(crate) async fn follow_key(change: &mut Change<'_>, key: &ApiKey) -> Result<()> {
    let found = store::of_holder(&mut change.conn(), key.organization, key.id.uuid()).await?.into_iter().next();
    let now = change.now;
    match (found, &key.access.budget) {
        (None, None) => return Ok(()),
        (Some((before, _)), Some(terms)) if before.terms == *terms => return Ok(()),
        (None, Some(terms)) => {
            let budget = Budget {
                id: change.keyward.new_id(BudgetId::generate),
                organization: key.organization,
                scope: BudgetScope::Key(key.project, key.id),
                terms: terms.clone(),
                since_ms: to_millis(now),
                created_at: now,
                updated_at: now,
                version: 1,
            };
            let state = charged::until_now(&mut change.conn(), &budget, now).await?;
            store::insert(&mut change.conn(), &budget, state).await?;
        }
        (Some((before, _)), Some(terms)) => {
            let mut after = Budget { terms: terms.clone(), ..before.clone() };
            after.touch(now);
            store::update(&mut change.conn(), &after).await?;
            if !after.terms.counts_alike(&before.terms) {
                after.since_ms = to_millis(now);
                let state = charged::until_now(&mut change.conn(), &after, now).await?;
                store::restart(&mut change.conn(), &after, state).await?;
            }
        }
        (Some((before, _)), None) => store::delete(&mut change.conn(), key.organization, before.id).await?,
    }
    change.log(Subject::Budgets(key.id.uuid())).await
}

/// Forgets the budget of a key that is deleted.
pub(crate) async fn forget_key(change: &mut Change<'_>, key: &ApiKey) -> Result<()> {
    let mut without = key.clone();
    without.access.budget = None;
    follow_key(change, &without).await
}

/// How a key's own budget stands, if it has one.
pub(crate) async fn of_key(keyward: &Keyward, conn: &mut Conn<'_>, key: &ApiKey) -> Result<Option<Spending>> {
    if key.access.budget.is_none() {
        return Ok(None);
    }
    let found = store::of_holder(conn, key.organization, key.id.uuid()).await?.into_iter().next();
    let Some((budget, stored)) = found else { return Ok(None) };
    charged::spending(keyward, conn, &budget, stored).await.map(Some)
}
