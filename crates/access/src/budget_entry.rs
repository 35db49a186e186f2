//! One budget as the index knows it, and the words in which it refuses.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use keyward_domain::{
    Timestamp,
    budget::{Budget, BudgetMode, BudgetScope, BudgetState, Spending},
    clock::{from_millis, to_millis},
    money::dollars,
};

use crate::SharedBudget;

/// One budget. Replaced when it changes; what was charged is carried over.
#[derive(Debug)]
pub struct BudgetEntry {
    /// The budget.
    pub budget: Budget,
    live: Arc<Mutex<Live>>,
}

/// What one process knows of a budget.
#[derive(Debug, Default)]
pub(crate) struct Live {
    pub(crate) state: BudgetState,
    /// Held back by calls under way here, of the present period.
    pub(crate) reserved: i64,
}

impl Live {
    /// What was held back in an earlier period isn't of this one.
    pub(crate) fn enter(&mut self, start_ms: i64) {
        let state = self.state.in_period(start_ms);
        if state.start_ms != self.state.start_ms {
            *self = Self { state, reserved: 0 };
        }
    }

    /// A call of the period that begins at `start_ms` has ended.
    pub(crate) fn end(&mut self, start_ms: i64, nanos: i64, reserve: i64) {
        if self.state.start_ms == start_ms {
            self.reserved -= reserve;
        }
        self.state = self.state.add(start_ms, nanos);
    }

    pub(crate) fn spending(&self) -> Spending {
        Spending {
            spent_nanos: self.state.charged_nanos.saturating_sub(self.reserved).max(0),
            reserved_nanos: self.reserved,
        }
    }
}

impl BudgetEntry {
    /// A budget as it is stored; `known` are those that were there before.
    pub(crate) fn new(budget: Budget, stored: BudgetState, known: &[Arc<Self>]) -> Arc<Self> {
        let live = Arc::new(Mutex::new(Live { state: stored, reserved: 0 }));
        let mut entry = Self { budget, live };
        if let Some(before) = known.iter().find(|before| before.is_same(&entry)) {
            entry.live = Arc::clone(&before.live);
        }
        Arc::new(entry)
    }

    /// Whether it goes on with the other's count: one that counts in other periods
    /// than before was summed up anew.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.budget.id == other.budget.id && self.budget.since_ms == other.budget.since_ms
    }

    pub(crate) fn shared(&self, at_ms: i64) -> SharedBudget {
        let Budget { id, since_ms, .. } = self.budget;
        SharedBudget { id, since_ms, start_ms: self.budget.period(at_ms).start_ms, shadow: self.budget.terms.shadow }
    }

    /// What was spent and is held back at a moment, as far as this process knows.
    pub fn spending(&self, now: Timestamp) -> Spending {
        let mut live = self.lock();
        live.enter(self.budget.period(to_millis(now)).start_ms);
        live.spending()
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Live> {
        // What is in it is written as a whole, so a panic elsewhere spoils nothing.
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that isn't within one of its budgets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message())]
pub struct BudgetReached {
    /// The budget.
    pub budget: Budget,
    /// How it stands.
    pub spending: Spending,
    /// What would have been held back for the call, in nanodollars.
    pub reserve_nanos: i64,
    /// When the budget begins anew, in milliseconds since 1970; never: `i64::MAX`.
    pub until_ms: i64,
}

impl BudgetReached {
    fn message(&self) -> String {
        let Self { budget, spending, reserve_nanos, until_ms } = self;
        let whose = match budget.scope {
            BudgetScope::Key(..) => "this API key",
            BudgetScope::Project(_) => "the project of this API key",
            BudgetScope::Organization => "the organization of this API key",
        };
        let window = match budget.terms.window.as_str() {
            "total" => "in all".to_owned(),
            window => format!("a {window}"),
        };
        let (amount, spent) = (budget.terms.amount(), dollars(spending.spent_nanos));
        let mut text = format!("The budget of {whose}, ${amount} {window}, doesn't cover this call: ${spent} is spent");
        if spending.reserved_nanos > 0 {
            text += &format!(", ${} is reserved by calls in flight", dollars(spending.reserved_nanos));
        }
        text += &match budget.terms.mode {
            BudgetMode::Strict => format!(", and this call can cost up to ${}.", dollars(*reserve_nanos)),
            BudgetMode::Balanced => format!(", and this call will cost about ${}.", dollars(*reserve_nanos)),
        };
        if *until_ms != i64::MAX {
            text += &format!(" It begins anew at {}.", from_millis(*until_ms));
        }
        text + " Raise the budget, or ask for fewer tokens at most."
    }
}
