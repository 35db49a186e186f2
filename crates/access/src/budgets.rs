//! Budgets: which of them a call has to be within, and what is charged to each. A
//! call is let through by all of its budgets or charged to none. One in shadow mode
//! lets every call through: it is charged what there is to charge, and tells what it
//! would have refused.
//!
//! One process alone counts in memory (the usage journal makes the count outlive
//! it). Several processes on one database count in the database.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, MutexGuard},
};

use keyward_domain::{
    Timestamp,
    budget::{BudgetState, Charge, ChargedAs, Reserve, Spending},
    clock::to_millis,
    id::BudgetId,
};
use uuid::Uuid;

use crate::{BudgetEntry, BudgetReached, Refusal, budget_entry::Live};

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
    /// Whether it is in shadow mode.
    pub shadow: bool,
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
    /// What had to be held back for it; of one in shadow mode, what would have had to.
    pub reserve_nanos: i64,
    /// Whether it would have refused the call, were it not in shadow mode.
    pub would_refuse: bool,
}

/// Where several processes count together.
pub trait BudgetStore: Send + Sync {
    /// Holds `reserve` nanodollars back of all of `budgets`, or of none; of those in
    /// shadow mode whatever is left. Where all of them are, it gives up soon: nothing
    /// waits for it.
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
    /// Whether one in shadow mode would have refused it.
    pub would_refuse: bool,
    /// All are in shadow mode, and out of reach: nothing is charged, now or later.
    is_uncounted: bool,
}

impl BudgetAdmission {
    /// Whether the call is held by no budget.
    pub const fn is_empty(&self) -> bool {
        self.budgets.is_empty()
    }

    /// Whether one of them is never exceeded.
    pub fn is_strict(&self) -> bool {
        self.budgets.iter().any(|(entry, _)| entry.budget.terms.is_strict())
    }
}

impl Budgets {
    /// Whether a call that something is held back for must be in the journal
    /// before it is sent: the local count is rebuilt from there.
    pub const fn counts_in_journal(&self) -> bool {
        matches!(self, Self::Local)
    }

    /// Check 10: holds `reserve` back of all of `budgets`. Tells in `seen` how those
    /// stand that were looked at.
    pub async fn admit(
        &self,
        budgets: Vec<Arc<BudgetEntry>>,
        reserve: Reserve,
        now: Timestamp,
        seen: &mut Vec<BudgetSeen>,
    ) -> Result<BudgetAdmission, Refusal> {
        let let_through_ms = to_millis(now);
        let mut admission = BudgetAdmission {
            budgets: Vec::new(),
            let_through_ms,
            reserved_nanos: 0,
            would_refuse: false,
            is_uncounted: false,
        };
        let admitted = match self {
            _ if budgets.is_empty() => return Ok(admission),
            Self::Local => admit_here(&budgets, reserve.nanos, let_through_ms),
            Self::Shared(store) => {
                let shared = budgets.iter().map(|entry| entry.shared(let_through_ms)).collect();
                match store.admit(shared, reserve.nanos).await {
                    Ok(admitted) => admitted,
                    Err(BudgetsUnavailable) if budgets.iter().all(|entry| entry.budget.terms.shadow) => {
                        admission.is_uncounted = true;
                        return Ok(admission);
                    }
                    Err(BudgetsUnavailable) => return Err(Refusal::BudgetsUnavailable),
                }
            }
        };
        // `before`: what is charged without the call.
        let mut see = |entry: &Arc<BudgetEntry>, charged_nanos, before| {
            let terms = &entry.budget.terms;
            let reserve_nanos = reserve.needed(terms).unwrap_or(reserve.nanos);
            let would_refuse = reserve.would_be_refused(terms, before);
            seen.push(BudgetSeen { entry: Arc::clone(entry), charged_nanos, reserve_nanos, would_refuse });
            would_refuse
        };
        match admitted {
            Ok(states) => {
                for (entry, state) in budgets.into_iter().zip(states) {
                    let before = state.charged_nanos.saturating_sub(reserve.nanos);
                    admission.would_refuse |= see(&entry, state.charged_nanos, before);
                    admission.budgets.push((entry, state.start_ms));
                }
                Ok(BudgetAdmission { reserved_nanos: reserve.nanos, ..admission })
            }
            Err(BudgetShort { at, spending, before }) => {
                for (entry, charged) in budgets.iter().zip(before) {
                    see(entry, charged, charged);
                }
                let Some(entry) = budgets.get(at) else { return Err(Refusal::BudgetsUnavailable) };
                let charged = spending.spent_nanos.saturating_add(spending.reserved_nanos);
                see(entry, charged, charged);
                let (budget, until_ms) = (entry.budget.clone(), entry.budget.period(let_through_ms).end_ms);
                let reached = BudgetReached { budget, spending, reserve_nanos: reserve.nanos, until_ms };
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
        let BudgetAdmission { budgets, let_through_ms, reserved_nanos, is_uncounted, .. } = admission;
        if *is_uncounted {
            return None;
        }
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
        let terms = &entry.budget.terms;
        match live.state.admit(terms.amount_nanos, reserve) {
            _ if terms.shadow => next.push(live.state.take(reserve)),
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
