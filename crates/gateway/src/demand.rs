//! What a call asks of its limits and budgets, put together on its way and taken
//! apart where it is counted.

use std::sync::Arc;

use keyward_access::{BudgetEntry, KeyEntry, LimitEntry};
use keyward_domain::budget::Reserve;

use crate::trail::Seen;

/// What a call asks of its limits and budgets.
#[derive(Default)]
pub(crate) struct Demand {
    pub(crate) limits: Vec<Arc<LimitEntry>>,
    /// About how many tokens it will use.
    pub(crate) tokens: u64,
    pub(crate) budgets: Vec<Arc<BudgetEntry>>,
    /// What is held back for it.
    pub(crate) reserve: Reserve,
    /// It begins a batch, which nothing but limits and budgets in shadow mode lets
    /// through: none of them can count it.
    pub(crate) is_batch: bool,
    /// Where it is noted how they stand.
    pub(crate) seen: Seen,
}

impl Demand {
    /// Of a call that asks no model: it uses no tokens and costs nothing.
    pub(crate) fn without_model(key: &KeyEntry) -> Self {
        Self { limits: key.limits_of(&[]), ..Self::default() }
    }
}
