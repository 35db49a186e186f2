//! One call's places: under its cap, its limits and its budgets. Given back when
//! the call was never sent, settled when it has ended, whatever ends it.

use std::{rc::Rc, sync::Arc};

use keyward_access::{Admission, BudgetAdmission, CallEnd, KeyEntry, LimitEntry, LimitSeen, Refusal};
use keyward_domain::{budget::ChargedAs, limit::Standing};

use crate::{demand::Demand, error::code, further::Further, settle::Ledger, trail::Seen};

/// One counted call; given back unless it is kept.
pub(crate) struct Reservation {
    pub(crate) ledger: Rc<Ledger>,
    pub(crate) key: Arc<KeyEntry>,
    /// What its rate limits counted, until they are told of its end.
    admission: Option<Admission>,
    /// What its budgets hold back, until they are told of its end.
    budgets: Option<BudgetAdmission>,
    /// Limits that were met on the way.
    further: Vec<Further>,
    /// Where it is noted how limits and budgets stand.
    seen: Seen,
    /// What limits and budgets in shadow mode would have refused it with.
    would_refuse: Vec<&'static str>,
    open: bool,
}

impl Reservation {
    /// Of a call that is counted by its request cap.
    pub(crate) const fn counted(ledger: Rc<Ledger>, key: Arc<KeyEntry>, seen: Seen) -> Self {
        Self {
            ledger,
            key,
            admission: None,
            budgets: None,
            further: Vec::new(),
            seen,
            would_refuse: Vec::new(),
            open: true,
        }
    }

    /// Checks 9 and 10.
    pub(crate) async fn admit(&mut self, demand: Demand) -> Result<(), Refusal> {
        let Demand { limits, tokens, budgets, reserve, is_batch, .. } = demand;
        let is_looked_at = !limits.is_empty() || !budgets.is_empty();
        let ledger = &self.ledger;
        let mut met = Vec::new();
        let now = ledger.clock.now();
        let admitted = ledger.limits.admit(limits, tokens, now, &mut met).await;
        if is_batch {
            met.iter_mut().for_each(LimitSeen::would_refuse_a_batch);
        }
        self.seen.limits(met);
        let admission = self.admission.insert(admitted?);
        if is_batch {
            // What a limit would refuse it doesn't count.
            ledger.end(admission, CallEnd::NeverSent);
            self.admission = None;
        } else if admission.would_refuse {
            self.would_refuse.push(code::RATE_LIMIT);
        }
        // The limits may have been waited for, and a budget's period is over since.
        let now = if is_looked_at { ledger.clock.now() } else { now };
        let mut met = Vec::new();
        let admitted = ledger.budgets.admit(budgets, reserve, now, &mut met).await;
        if is_batch {
            met.iter_mut().for_each(|seen| seen.would_refuse = true);
        }
        self.seen.budgets(met);
        let held = self.budgets.insert(admitted?);
        if is_batch && is_looked_at {
            self.would_refuse.push(code::BATCH);
        } else if held.would_refuse {
            self.would_refuse.push(if reserve.most.is_none() { code::COST_UNKNOWN } else { code::BUDGET });
        }
        Ok(())
    }

    /// What limits and budgets in shadow mode would have refused it with.
    pub(crate) fn would_refuse(&self) -> &[&'static str] {
        &self.would_refuse
    }

    /// Since when, and how much of it must be in the journal.
    pub(crate) fn held_back(&self) -> (i64, i64) {
        let in_journal = self.ledger.budgets.counts_in_journal();
        self.budgets
            .as_ref()
            .map_or((0, 0), |held| (held.let_through_ms, if in_journal { held.reserved_nanos } else { 0 }))
    }

    /// The call stays counted, and has ended.
    pub(crate) fn keep(mut self, end: CallEnd, cost: Option<i64>) {
        self.open = false;
        if let Some(admission) = self.admission.take() {
            self.ledger.end(&admission, end);
        }
        for further in self.further.drain(..) {
            further.end(end);
        }
        if let Some(held) = self.budgets.take() {
            self.ledger.charge(&self.key, &held, ChargedAs::Ended(cost));
        }
    }

    /// How the rate limits of the call stand.
    pub(crate) fn standing(&self) -> Standing {
        self.admission.as_ref().map_or_else(Standing::default, |admission| admission.standing)
    }

    /// Whether a budget holds something back for it.
    pub(crate) fn is_held_by_budgets(&self) -> bool {
        self.budgets.as_ref().is_some_and(|held| !held.is_empty())
    }

    /// Whether one of them is never exceeded.
    pub(crate) fn is_held_strictly(&self) -> bool {
        self.budgets.as_ref().is_some_and(BudgetAdmission::is_strict)
    }

    /// The call has to be within these limits too, if it isn't already.
    pub(crate) async fn also_within(&mut self, mut limits: Vec<Arc<LimitEntry>>, tokens: u64) -> Result<(), Refusal> {
        let Self { ledger, admission, further, seen, would_refuse, .. } = self;
        limits.retain(|limit| {
            !admission.as_ref().is_some_and(|held| held.holds(limit)) && !further.iter().any(|held| held.holds(limit))
        });
        if !limits.is_empty() {
            let place = Further::take(ledger, limits, tokens, seen).await?;
            if place.would_refuse() && !would_refuse.contains(&code::RATE_LIMIT) {
                would_refuse.push(code::RATE_LIMIT);
                ledger.would_refuse(code::RATE_LIMIT);
            }
            further.push(place);
        }
        Ok(())
    }

    /// When this answers, another call may have its place. Dropping the future
    /// stops nothing.
    pub(crate) async fn give_back(mut self) {
        self.open = false;
        let _ = self.begin_to_give_back().await;
    }

    fn begin_to_give_back(&mut self) -> tokio::task::JoinHandle<()> {
        if let Some(admission) = self.admission.take() {
            self.ledger.end(&admission, CallEnd::NeverSent);
        }
        self.further.clear();
        if let Some(held) = self.budgets.take() {
            self.ledger.charge(&self.key, &held, ChargedAs::NeverSent);
        }
        let (ledger, key) = (Rc::clone(&self.ledger), Arc::clone(&self.key));
        self.ledger.tasks.spawn_local(async move { ledger.give_back(&key).await })
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.open {
            drop(self.begin_to_give_back());
        }
    }
}
