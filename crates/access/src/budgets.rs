//! Budgets: which of them a call has to be within, and what is charged to each. A
//! call is let through by all of its budgets or charged to none.
//!
//! One process alone counts in memory (the usage journal makes the count outlive
//! it). Several processes on one database count in the database.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use keyward_domain::{
    Timestamp,
    budget::{Budget, BudgetMode, BudgetScope, BudgetState, Charge, ChargedAs, Spending},
    clock::{from_millis, to_millis},
    id::BudgetId,
    money::dollars,
};
use uuid::Uuid;

use crate::Refusal;

/// One budget. Replaced when it changes; what was charged is carried over.
#[derive(Debug)]
pub struct BudgetEntry {
    /// The budget.
    pub budget: Budget,
    live: Arc<Mutex<Live>>,
}

/// What one process knows of a budget.
#[derive(Debug, Default)]
struct Live {
    state: BudgetState,
    /// Held back by calls under way here, of the present period.
    reserved: i64,
}

impl Live {
    /// What was held back in an earlier period isn't of this one.
    fn enter(&mut self, start_ms: i64) {
        let state = self.state.in_period(start_ms);
        if state.start_ms != self.state.start_ms {
            *self = Self { state, reserved: 0 };
        }
    }

    /// A call of the period that begins at `start_ms` has ended.
    fn end(&mut self, start_ms: i64, nanos: i64, reserve: i64) {
        if self.state.start_ms == start_ms {
            self.reserved -= reserve;
        }
        self.state = self.state.add(start_ms, nanos);
    }

    fn spending(&self) -> Spending {
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
    fn is_same(&self, other: &Self) -> bool {
        self.budget.id == other.budget.id && self.budget.since_ms == other.budget.since_ms
    }

    fn shared(&self, at_ms: i64) -> SharedBudget {
        let Budget { id, since_ms, .. } = self.budget;
        SharedBudget { id, since_ms, start_ms: self.budget.period(at_ms).start_ms }
    }

    /// What was spent and is held back at a moment, as far as this process knows.
    pub fn spending(&self, now: Timestamp) -> Spending {
        let mut live = self.lock();
        live.enter(self.budget.period(to_millis(now)).start_ms);
        live.spending()
    }

    fn lock(&self) -> MutexGuard<'_, Live> {
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

/// The shared counts can't be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the shared counts of budgets can't be reached")]
pub struct BudgetsUnavailable;

type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A budget as several processes know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SharedBudget {
    /// Its id.
    pub id: BudgetId,
    /// Since when it counts in these periods: one that counts in others is another.
    pub since_ms: i64,
    /// Where the period begins, in milliseconds since 1970.
    pub start_ms: i64,
}

/// What the end of a call adds to a budget, in nanodollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SharedCharge {
    /// Which.
    pub budget: SharedBudget,
    /// What is charged more than until now, or less.
    pub nanos: i64,
    /// What isn't held back any more.
    pub released: i64,
}

/// How each budget of a call stands once it is let through, or which of them
/// doesn't cover it.
pub type BudgetsAdmitted = Result<Vec<BudgetState>, BudgetShort>;

/// A budget that doesn't cover a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetShort {
    /// Its place among the call's budgets.
    pub at: usize,
    /// How it stands.
    pub spending: Spending,
    /// What is charged to those before it, without this call.
    pub before: Vec<i64>,
}

/// A budget as a call met it.
#[derive(Debug, Clone)]
pub struct BudgetSeen {
    /// The budget.
    pub entry: Arc<BudgetEntry>,
    /// What was spent and held back: for the call too, where it was let through.
    pub charged_nanos: i64,
    /// What had to be held back for it.
    pub reserve_nanos: i64,
}

/// Where several processes count together.
pub trait BudgetStore: Send + Sync {
    /// Holds `reserve` nanodollars back of all of `budgets`, or of none.
    fn admit(
        &self,
        budgets: Vec<SharedBudget>,
        reserve: i64,
    ) -> Answer<'_, Result<BudgetsAdmitted, BudgetsUnavailable>>;

    /// Charges the end of a call. Sees to it by itself when the counts can't be
    /// reached at once.
    fn charge(self: Arc<Self>, charges: Vec<SharedCharge>) -> Answer<'static, ()>;
}

/// Who counts what calls cost.
#[derive(Clone)]
pub enum Budgets {
    /// This process alone.
    Local,
    /// All processes on one database.
    Shared(Arc<dyn BudgetStore>),
}

/// A call that all of its budgets let through: to be [ended](Budgets::end).
#[derive(Debug)]
pub struct BudgetAdmission {
    /// With where the period begins that the call belongs to.
    budgets: Vec<(Arc<BudgetEntry>, i64)>,
    /// When it was let through, in milliseconds since 1970.
    pub let_through_ms: i64,
    /// What is held back for it, in nanodollars.
    pub reserved_nanos: i64,
}

impl BudgetAdmission {
    /// Whether the call is held by no budget.
    pub const fn is_empty(&self) -> bool {
        self.budgets.is_empty()
    }

    /// Whether one of them is never exceeded.
    pub fn is_strict(&self) -> bool {
        self.budgets.iter().any(|(entry, _)| entry.budget.terms.mode == BudgetMode::Strict)
    }
}

impl Budgets {
    /// Whether a call that something is held back for must be in the journal
    /// before it is sent: the local count is rebuilt from there.
    pub const fn counts_in_journal(&self) -> bool {
        matches!(self, Self::Local)
    }

    /// Check 10: holds `reserve` nanodollars back of all of `budgets`. Tells in
    /// `seen` how those stand that were looked at.
    pub async fn admit(
        &self,
        budgets: Vec<Arc<BudgetEntry>>,
        reserve: i64,
        now: Timestamp,
        seen: &mut Vec<BudgetSeen>,
    ) -> Result<BudgetAdmission, Refusal> {
        let let_through_ms = to_millis(now);
        let admitted = match self {
            _ if budgets.is_empty() => {
                return Ok(BudgetAdmission { budgets: Vec::new(), let_through_ms, reserved_nanos: 0 });
            }
            Self::Local => admit_here(&budgets, reserve, let_through_ms),
            Self::Shared(store) => {
                let shared = budgets.iter().map(|entry| entry.shared(let_through_ms)).collect();
                store.admit(shared, reserve).await.map_err(|BudgetsUnavailable| Refusal::BudgetsUnavailable)?
            }
        };
        let mut see = |entry: &Arc<BudgetEntry>, charged_nanos| {
            seen.push(BudgetSeen { entry: Arc::clone(entry), charged_nanos, reserve_nanos: reserve });
        };
        match admitted {
            Ok(states) => {
                let held = budgets.into_iter().zip(states).map(|(entry, state)| {
                    see(&entry, state.charged_nanos);
                    (entry, state.start_ms)
                });
                Ok(BudgetAdmission { budgets: held.collect(), let_through_ms, reserved_nanos: reserve })
            }
            Err(BudgetShort { at, spending, before }) => {
                budgets.iter().zip(before).for_each(|(entry, charged)| see(entry, charged));
                let Some(entry) = budgets.get(at) else { return Err(Refusal::BudgetsUnavailable) };
                see(entry, spending.spent_nanos.saturating_add(spending.reserved_nanos));
                let (budget, until_ms) = (entry.budget.clone(), entry.budget.period(let_through_ms).end_ms);
                let reached = BudgetReached { budget, spending, reserve_nanos: reserve, until_ms };
                Err(Refusal::BudgetReached(Box::new(reached)))
            }
        }
    }

    /// Charges how a call has ended. `present` are the budgets that apply now: one
    /// that was made meanwhile is charged the whole. What it answers must be run to
    /// its end, even though nobody waits for it; `None`: it is done.
    pub fn end(
        &self,
        admission: &BudgetAdmission,
        present: &[Arc<BudgetEntry>],
        charged_as: ChargedAs,
        now: Timestamp,
    ) -> Option<Answer<'static, ()>> {
        let BudgetAdmission { budgets, let_through_ms, reserved_nanos } = admission;
        let at_ms = to_millis(now);
        let charge = Charge { let_through_ms: *let_through_ms, reserved_nanos: *reserved_nanos, charged_as, at_ms };
        let rest = charge.nanos();
        let whole = match charged_as {
            ChargedAs::Ended(cost) => cost.unwrap_or(0),
            ChargedAs::LetThrough | ChargedAs::NeverSent => 0,
        };
        let is_new = |entry: &&Arc<BudgetEntry>| whole > 0 && !budgets.iter().any(|(known, _)| known.is_same(entry));
        let made_meanwhile = present.iter().filter(is_new);
        match self {
            Self::Local => {
                for (entry, start_ms) in budgets {
                    entry.lock().end(*start_ms, rest, *reserved_nanos);
                }
                for entry in made_meanwhile {
                    entry.lock().end(entry.budget.period(at_ms).start_ms, whole, 0);
                }
                None
            }
            Self::Shared(store) => {
                let known = budgets.iter().map(|(entry, start_ms)| SharedCharge {
                    budget: SharedBudget { start_ms: *start_ms, ..entry.shared(at_ms) },
                    nanos: rest,
                    released: *reserved_nanos,
                });
                let new =
                    made_meanwhile.map(|entry| SharedCharge { budget: entry.shared(at_ms), nanos: whole, released: 0 });
                let charges: Vec<_> = known.chain(new).collect();
                (!charges.is_empty()).then(|| Arc::clone(store).charge(charges))
            }
        }
    }
}

/// All or none, under all locks at once: taken in the order of ids, so that two
/// calls never wait for each other.
fn admit_here(budgets: &[Arc<BudgetEntry>], reserve: i64, now_ms: i64) -> BudgetsAdmitted {
    let mut locked: Vec<_> = budgets.iter().map(|entry| (entry, entry.lock())).collect();
    let mut next = Vec::with_capacity(locked.len());
    for (at, (entry, live)) in locked.iter_mut().enumerate() {
        live.enter(entry.budget.period(now_ms).start_ms);
        match live.state.admit(entry.budget.terms.amount_nanos, reserve) {
            Ok(state) => next.push(state),
            Err(_) => {
                let spending = live.spending();
                let before = locked.iter().take(at).map(|(_, live)| live.state.charged_nanos).collect();
                return Err(BudgetShort { at, spending, before });
            }
        }
    }
    let admit = |((_, live), state): (&mut (_, MutexGuard<'_, Live>), BudgetState)| {
        live.state = state;
        live.reserved += reserve;
        state
    };
    Ok(locked.iter_mut().zip(next).map(admit).collect())
}

/// The budgets of keys, projects and organizations, by the id of their holder.
pub(crate) type ByHolder = papaya::HashMap<Uuid, Arc<[Arc<BudgetEntry>]>>;

#[cfg(test)]
#[path = "budgets_tests.rs"]
mod tests;
