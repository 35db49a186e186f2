//! Budgets on their way into the key index.

use std::collections::HashMap;

use keyward_store::{Conn, budget as store};
use uuid::Uuid;

use crate::{Keyward, Result};

/// Reads every budget.
pub(crate) async fn load(keyward: &Keyward, conn: &mut Conn<'_>) -> Result<()> {
    let mut by_holder: HashMap<Uuid, Vec<_>> = HashMap::new();
    for kept in store::all(conn).await? {
        by_holder.entry(kept.0.holder()).or_default().push(kept);
    }
    for (holder, budgets) in by_holder {
        keyward.index.put_budgets(holder, budgets);
    }
    Ok(())
}

/// Reads the budgets of a key, a project or an organization.
pub(crate) async fn take_in(keyward: &Keyward, conn: &mut Conn<'_>, holder: Uuid) -> Result<()> {
    keyward.index.put_budgets(holder, store::of_holder_any(conn, holder).await?);
    Ok(())
}
