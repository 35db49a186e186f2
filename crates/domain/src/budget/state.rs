//! What a budget remembers. A call is charged what is held back for it when it is
//! let through, and the difference to what it cost when it ends: so what is
//! charged is never less than what was spent, and after a crash a call whose end
//! nobody heard of stays charged with the most that it can have cost.
//!
//! A call belongs to the period in which it was let through. Pure: whoever keeps
//! the state, in memory or in a database, keeps it for one call at a time.

use super::{Budget, BudgetMode, BudgetTerms};

/// A budget's memory, in nanodollars. The default is that of one that saw no call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BudgetState {
    /// Where its period begins, in milliseconds since 1970.
    pub start_ms: i64,
    /// What calls of that period cost, and what is held back for those under way.
    pub charged_nanos: i64,
}

/// There isn't enough left for a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OverBudget {
    /// What is charged already.
    pub charged_nanos: i64,
}

impl BudgetState {
    /// As it is in the period that begins at `start_ms`. Time doesn't go back:
    /// an earlier period than the known one changes nothing.
    #[must_use]
    pub const fn in_period(self, start_ms: i64) -> Self {
        if start_ms > self.start_ms { Self { start_ms, charged_nanos: 0 } } else { self }
    }

    /// What it remembers once a call is let through for which `reserve` is held
    /// back of `amount`.
    pub fn admit(self, amount: i64, reserve: i64) -> Result<Self, OverBudget> {
        let charged_nanos = self.charged_nanos.saturating_add(reserve.max(0));
        if charged_nanos > amount {
            return Err(OverBudget { charged_nanos: self.charged_nanos });
        }
        Ok(Self { charged_nanos, ..self })
    }

    /// What it remembers of a call for which `reserve` is held back, whatever is
    /// left: what is spent is a fact, also to a budget in shadow mode.
    #[must_use]
    pub const fn take(self, reserve: i64) -> Self {
        let reserve = if reserve > 0 { reserve } else { 0 };
        Self { charged_nanos: self.charged_nanos.saturating_add(reserve), ..self }
    }

    /// What it remembers once `nanos` are added to what is charged to the period
    /// that begins at `start_ms`. An earlier period is over.
    #[must_use]
    pub const fn add(self, start_ms: i64, nanos: i64) -> Self {
        let state = self.in_period(start_ms);
        if state.start_ms != start_ms {
            return state;
        }
        Self { charged_nanos: state.charged_nanos.saturating_add(nanos), ..state }
    }
}

/// What a call needs of its budgets, in nanodollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reserve {
    /// What is held back for it, of each of them.
    pub nanos: i64,
    /// The most that it can cost; `None`: nobody knows. Only a strict budget in
    /// shadow mode asks for it: one that is enforced decides what is held back.
    pub most: Option<i64>,
}

impl Reserve {
    /// Of a call that costs nothing.
    pub const NOTHING: Self = Self { nanos: 0, most: Some(0) };

    /// What a budget needs to have left for the call; `None`: there is no telling,
    /// so a strict budget wouldn't let it through.
    pub fn needed(&self, terms: &BudgetTerms) -> Option<i64> {
        match terms.mode {
            BudgetMode::Strict if terms.shadow => self.most,
            BudgetMode::Strict | BudgetMode::Balanced => Some(self.nanos),
        }
    }

    /// Whether a budget in shadow mode to which `charged_nanos` are charged without
    /// the call would refuse it.
    pub fn would_be_refused(&self, terms: &BudgetTerms, charged_nanos: i64) -> bool {
        let covers = |needed: i64| charged_nanos.saturating_add(needed.max(0)) <= terms.amount_nanos;
        terms.shadow && !self.needed(terms).is_some_and(covers)
    }
}

impl Default for Reserve {
    fn default() -> Self {
        Self::NOTHING
    }
}

/// How a call stands to the budgets that it is charged to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChargedAs {
    /// It was let through.
    LetThrough,
    /// It has ended, and cost so much; `None`: nobody knows, so what was held
    /// back for it stays charged.
    Ended(Option<i64>),
    /// It was never sent.
    NeverSent,
}

/// What one moment of a call adds to its budgets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charge {
    /// When the call was let through, in milliseconds since 1970.
    pub let_through_ms: i64,
    /// What was held back for it, in nanodollars.
    pub reserved_nanos: i64,
    /// What has happened.
    pub charged_as: ChargedAs,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
}

impl Charge {
    /// What it adds to a budget that the call was let through by.
    pub fn nanos(&self) -> i64 {
        match self.charged_as {
            ChargedAs::LetThrough => self.reserved_nanos,
            ChargedAs::Ended(None) => 0,
            ChargedAs::Ended(Some(cost)) => cost.saturating_sub(self.reserved_nanos),
            ChargedAs::NeverSent => self.reserved_nanos.saturating_neg(),
        }
    }

    /// What `state`, of `budget`, is with it. A call that was let through before
    /// the budget counted is charged as a whole when it ends.
    #[must_use]
    pub fn apply(&self, budget: &Budget, state: BudgetState) -> BudgetState {
        if self.let_through_ms > budget.since_ms {
            return state.add(budget.period(self.let_through_ms).start_ms, self.nanos());
        }
        match self.charged_as {
            ChargedAs::Ended(cost) => state.add(budget.period(self.at_ms).start_ms, cost.unwrap_or(0)),
            ChargedAs::LetThrough | ChargedAs::NeverSent => state,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::{
        budget::{BudgetMode, BudgetScope, BudgetTerms, BudgetWindow, TimeZoneName},
        id::{BudgetId, OrganizationId},
    };

    const DAY: i64 = 24 * 3600 * 1000;

    fn daily(since_ms: i64) -> Budget {
        let terms = BudgetTerms {
            amount_nanos: 100,
            window: BudgetWindow::Day,
            time_zone: TimeZoneName::default(),
            mode: BudgetMode::Strict,
            shadow: false,
        };
        Budget {
            id: BudgetId::from_uuid(Uuid::nil()),
            organization: OrganizationId::from_uuid(Uuid::nil()),
            scope: BudgetScope::Organization,
            terms,
            since_ms,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            version: 1,
        }
    }

    fn charge(let_through_ms: i64, charged_as: ChargedAs, at_ms: i64) -> Charge {
        Charge { let_through_ms, reserved_nanos: 40, charged_as, at_ms }
    }

    #[test]
    fn the_last_cent_can_be_spent_and_no_more() {
        let state = BudgetState { start_ms: 0, charged_nanos: 60 };
        assert_eq!(state.admit(100, 40).map(|state| state.charged_nanos), Ok(100));
        assert_eq!(state.admit(100, 41), Err(OverBudget { charged_nanos: 60 }));
        assert_eq!(state.admit(50, 0), Err(OverBudget { charged_nanos: 60 }));
    }

    #[test]
    fn a_budget_in_shadow_mode_is_charged_whatever_is_left_and_knows_what_it_would_refuse() {
        let strict = BudgetTerms { shadow: true, ..daily(0).terms };
        let balanced = BudgetTerms { mode: BudgetMode::Balanced, ..strict.clone() };
        let reserve = Reserve { nanos: 10, most: Some(41) };
        assert_eq!(BudgetState { start_ms: 0, charged_nanos: 95 }.take(10).charged_nanos, 105);
        for (charged, by_strict, by_balanced) in [(59, false, false), (60, true, false), (91, true, true)] {
            assert_eq!(reserve.would_be_refused(&strict, charged), by_strict, "{charged}");
            assert_eq!(reserve.would_be_refused(&balanced, charged), by_balanced, "{charged}");
        }
        let unknown = Reserve { nanos: 0, most: None };
        assert!(unknown.would_be_refused(&strict, 0) && !unknown.would_be_refused(&balanced, 0));
        assert!(!unknown.would_be_refused(&daily(0).terms, 1_000), "what is enforced refuses by itself");
    }

    #[test]
    fn a_call_belongs_to_the_period_in_which_it_was_let_through() {
        let budget = daily(0);
        let state = charge(5, ChargedAs::LetThrough, 5).apply(&budget, BudgetState::default());
        assert_eq!(state.charged_nanos, 40);
        let tomorrow = charge(DAY + 1, ChargedAs::LetThrough, DAY + 1).apply(&budget, state);
        assert_eq!(tomorrow, BudgetState { start_ms: DAY, charged_nanos: 40 });
        assert_eq!(charge(5, ChargedAs::Ended(Some(30)), DAY + 2).apply(&budget, tomorrow), tomorrow);
        assert_eq!(charge(5, ChargedAs::Ended(Some(30)), 6).apply(&budget, state).charged_nanos, 30);
    }

    #[test]
    fn a_call_that_was_under_way_when_the_budget_was_made_is_charged_when_it_ends() {
        let budget = daily(10);
        let state = BudgetState { start_ms: 0, charged_nanos: 7 };
        assert_eq!(charge(9, ChargedAs::LetThrough, 9).apply(&budget, state), state);
        assert_eq!(charge(9, ChargedAs::NeverSent, 11).apply(&budget, state), state);
        assert_eq!(charge(9, ChargedAs::Ended(Some(30)), 11).apply(&budget, state).charged_nanos, 37);
    }

    proptest! {
        /// However calls end and whatever order they come in, what stays charged
        /// is what they cost: nothing stays held back.
        #[test]
        fn nothing_stays_held_back_by_calls_that_have_ended(
            calls in prop::collection::vec((0_i64..50, prop::option::of(0_i64..50)), 0..20),
        ) {
            let budget = daily(0);
            let (mut state, mut spent) = (BudgetState::default(), 0);
            for (reserved_nanos, cost) in &calls {
                let call = Charge { let_through_ms: 1, reserved_nanos: *reserved_nanos, charged_as: ChargedAs::LetThrough, at_ms: 1 };
                state = call.apply(&budget, state);
                let charged_as = cost.map_or(ChargedAs::NeverSent, |cost| ChargedAs::Ended(Some(cost)));
                spent += cost.unwrap_or(0);
                state = Charge { charged_as, ..call }.apply(&budget, state);
            }
            prop_assert_eq!(state.charged_nanos, spent);
        }
    }
}
