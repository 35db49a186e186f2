//! Budgets as one process counts them.

use std::task::{Context, Poll, Waker};

use keyward_domain::{
    budget::{Budget, BudgetMode, BudgetScope, BudgetTerms, BudgetWindow, TimeZoneName},
    clock::from_millis,
    id::{OrganizationId, ProjectId},
};
use proptest::prelude::*;

use super::*;

const DAY: i64 = 24 * 3600 * 1000;

fn budget(number: u128, amount_nanos: i64, window: BudgetWindow) -> Arc<BudgetEntry> {
    budget_of(
        number,
        BudgetTerms {
            amount_nanos,
            window,
            time_zone: TimeZoneName::default(),
            mode: BudgetMode::Strict,
            shadow: false,
        },
    )
}

fn in_shadow(number: u128, amount_nanos: i64, mode: BudgetMode) -> Arc<BudgetEntry> {
    let terms = budget(number, amount_nanos, BudgetWindow::Day).budget.terms.clone();
    budget_of(number, BudgetTerms { mode, shadow: true, ..terms })
}

fn budget_of(number: u128, terms: BudgetTerms) -> Arc<BudgetEntry> {
    let budget = Budget {
        id: BudgetId::from_uuid(Uuid::from_u128(number)),
        organization: OrganizationId::from_uuid(Uuid::nil()),
        scope: BudgetScope::Project(ProjectId::from_uuid(Uuid::nil())),
        terms,
        since_ms: 0,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
        version: 1,
    };
    BudgetEntry::new(budget, BudgetState::default(), &[])
}

fn admit(budgets: &[Arc<BudgetEntry>], reserve: i64, at_ms: i64) -> Result<BudgetAdmission, Refusal> {
    admit_and_see(budgets, Reserve { nanos: reserve, most: Some(reserve) }, at_ms, &mut Vec::new())
}

fn admit_and_see(
    budgets: &[Arc<BudgetEntry>],
    reserve: Reserve,
    at_ms: i64,
    seen: &mut Vec<BudgetSeen>,
) -> Result<BudgetAdmission, Refusal> {
    admit_by(&Budgets::Local, budgets, reserve, at_ms, seen)
}

fn admit_by(
    counting: &Budgets,
    budgets: &[Arc<BudgetEntry>],
    reserve: Reserve,
    at_ms: i64,
    seen: &mut Vec<BudgetSeen>,
) -> Result<BudgetAdmission, Refusal> {
    let mut admitting = std::pin::pin!(counting.admit(budgets.to_vec(), reserve, from_millis(at_ms), seen));
    match admitting.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(admitted) => admitted,
        Poll::Pending => panic!("one process alone waits for nothing"),
    }
}

fn spending(entry: &BudgetEntry, at_ms: i64) -> (i64, i64) {
    let Spending { spent_nanos, reserved_nanos } = entry.spending(from_millis(at_ms));
    (spent_nanos, reserved_nanos)
}

#[test]
fn a_call_is_charged_to_all_of_its_budgets_or_to_none() {
    let (wide, narrow) = (budget(1, 1_000, BudgetWindow::Total), budget(2, 50, BudgetWindow::Day));
    let both = [wide.clone(), narrow.clone()];
    let call = admit(&both, 40, 1).unwrap();
    let refused = admit(&both, 40, 1).unwrap_err();
    let Refusal::BudgetReached(reached) = refused else { panic!("{refused}") };
    assert_eq!((reached.budget.id, reached.until_ms), (narrow.budget.id, DAY));
    assert_eq!((spending(&wide, 1), spending(&narrow, 1)), ((0, 40), (0, 40)));
    Budgets::Local.end(&call, &both, ChargedAs::Ended(Some(30)), from_millis(2));
    assert_eq!((spending(&wide, 2), spending(&narrow, 2)), ((30, 0), (30, 0)));
}

#[test]
fn what_is_charged_is_told_with_the_call_or_without_it() {
    let (wide, narrow, last) =
        (budget(1, 1_000, BudgetWindow::Total), budget(2, 50, BudgetWindow::Day), budget(3, 9, BudgetWindow::Day));
    let charged =
        |seen: &[BudgetSeen]| seen.iter().map(|seen| (seen.charged_nanos, seen.reserve_nanos)).collect::<Vec<_>>();
    let mut seen = Vec::new();
    let reserve = |nanos| Reserve { nanos, most: Some(nanos) };
    admit_and_see(&[wide.clone(), narrow.clone()], reserve(40), 1, &mut seen).unwrap();
    assert_eq!(charged(&seen), [(40, 40), (40, 40)]);
    seen.clear();
    admit_and_see(&[wide, narrow, last], reserve(11), 1, &mut seen).unwrap_err();
    assert_eq!(charged(&seen), [(40, 11), (40, 11)], "what comes behind the one that refuses isn't looked at");
}

#[test]
fn a_day_begins_with_nothing_and_owes_nothing_to_the_day_before() {
    let daily = budget(1, 50, BudgetWindow::Day);
    let call = admit(std::slice::from_ref(&daily), 50, 1).unwrap();
    let next = admit(std::slice::from_ref(&daily), 20, DAY).unwrap();
    Budgets::Local.end(&call, &[], ChargedAs::Ended(Some(50)), from_millis(DAY));
    assert_eq!(spending(&daily, DAY), (0, 20));
    Budgets::Local.end(&next, &[], ChargedAs::NeverSent, from_millis(DAY));
    assert_eq!(spending(&daily, DAY), (0, 0));
}

#[test]
fn a_budget_that_is_made_while_a_call_is_under_way_is_charged_the_whole() {
    let (old, new) = (budget(1, 50, BudgetWindow::Day), budget(2, 50, BudgetWindow::Day));
    let call = admit(std::slice::from_ref(&old), 50, 1).unwrap();
    Budgets::Local.end(&call, &[old.clone(), new.clone()], ChargedAs::Ended(Some(7)), from_millis(2));
    assert_eq!((spending(&old, 2), spending(&new, 2)), ((7, 0), (7, 0)));
}

#[test]
fn a_budget_is_exact_under_contention() {
    let entry = budget(1, 500, BudgetWindow::Total);
    let budgets = [entry.clone()];
    let let_through: usize = std::thread::scope(|scope| {
        let call = || (0..500).filter(|_| admit_here(&budgets, 3, 1).is_ok()).count();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(call)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!((let_through, spending(&entry, 1)), (166, (0, 498)));
}

#[test]
fn a_budget_in_shadow_mode_is_charged_what_it_would_refuse() {
    let (strict, balanced) = (in_shadow(1, 50, BudgetMode::Strict), in_shadow(2, 50, BudgetMode::Balanced));
    let both = [strict.clone(), balanced.clone()];
    let mut told = Vec::new();
    let mut calls = Vec::new();
    for most in [Some(50), Some(51), None] {
        let mut seen = Vec::new();
        let call = admit_and_see(&both, Reserve { nanos: 20, most }, 1, &mut seen).unwrap();
        assert!(!call.is_strict() && !call.is_empty());
        told.push(seen.iter().map(|seen| (seen.charged_nanos, seen.would_refuse)).collect::<Vec<_>>());
        calls.push(call);
    }
    let expected = [[(20, false), (20, false)], [(40, true), (40, false)], [(60, true), (60, true)]];
    assert_eq!(told, expected);
    assert_eq!(calls.iter().map(|call| call.would_refuse).collect::<Vec<_>>(), [false, true, true]);
    for call in &calls {
        Budgets::Local.end(call, &both, ChargedAs::Ended(Some(30)), from_millis(2));
    }
    assert_eq!((spending(&strict, 2), spending(&balanced, 2)), ((90, 0), (90, 0)));
}

#[test]
fn a_call_that_an_enforced_budget_refuses_is_not_charged_to_one_in_shadow_mode() {
    let (shadow, enforced) = (in_shadow(1, 10, BudgetMode::Balanced), budget(2, 50, BudgetWindow::Day));
    let both = [shadow.clone(), enforced.clone()];
    let reserve = Reserve { nanos: 40, most: Some(40) };
    admit_and_see(&both, reserve, 1, &mut Vec::new()).unwrap();
    let mut seen = Vec::new();
    admit_and_see(&both, reserve, 1, &mut seen).unwrap_err();
    assert_eq!((spending(&shadow, 1), spending(&enforced, 1)), ((0, 40), (0, 40)));
    assert_eq!(seen.iter().map(|seen| seen.would_refuse).collect::<Vec<_>>(), [true, false]);
}

/// Shared counts that nobody can reach.
struct Away;

impl BudgetStore for Away {
    fn admit(&self, _: Vec<SharedBudget>, _: i64) -> Answer<'_, Result<BudgetsAdmitted, BudgetsUnavailable>> {
        Box::pin(std::future::ready(Err(BudgetsUnavailable)))
    }

    fn charge(self: Arc<Self>, charges: Vec<SharedCharge>) -> Answer<'static, ()> {
        panic!("{charges:?} would be tried for long")
    }
}

#[test]
fn budgets_in_shadow_mode_that_cannot_be_counted_let_calls_through() {
    let (shadow, enforced) = (in_shadow(1, 50, BudgetMode::Strict), budget(2, 50, BudgetWindow::Day));
    let (away, reserve) = (Budgets::Shared(Arc::new(Away)), Reserve { nanos: 60, most: Some(60) });
    let mut seen = Vec::new();
    let call = admit_by(&away, std::slice::from_ref(&shadow), reserve, 1, &mut seen).unwrap();
    assert_eq!((call.would_refuse, call.reserved_nanos, seen.len()), (false, 0, 0));
    assert!(away.end(&call, std::slice::from_ref(&shadow), ChargedAs::Ended(Some(9)), from_millis(2)).is_none());
    let refused = admit_by(&away, &[shadow, enforced], reserve, 1, &mut seen).unwrap_err();
    assert_eq!(refused, Refusal::BudgetsUnavailable);
}

proptest! {
    /// What the journal says of calls leads to the count that memory had, whether
    /// they were within the budget or not: also after `kill -9`.
    #[test]
    fn a_restart_counts_what_memory_counted(
        calls in prop::collection::vec((0_i64..60, prop::option::of(prop::option::of(0_i64..60))), 0..20),
    ) {
        let entry = in_shadow(1, 100, BudgetMode::Strict);
        let budgets = [entry.clone()];
        let mut replayed = BudgetState::default();
        for (nanos, end) in calls {
            let call = admit_and_see(&budgets, Reserve { nanos, most: None }, 1, &mut Vec::new()).unwrap();
            let mut replay = |charged_as| {
                let charge = Charge { let_through_ms: 1, reserved_nanos: nanos, charged_as, at_ms: 2 };
                replayed = charge.apply(&entry.budget, replayed);
            };
            replay(ChargedAs::LetThrough);
            if let Some(cost) = end {
                let charged_as = cost.map_or(ChargedAs::NeverSent, |cost| ChargedAs::Ended(Some(cost)));
                Budgets::Local.end(&call, &budgets, charged_as, from_millis(2));
                replay(charged_as);
            }
        }
        let (spent, reserved) = spending(&entry, 2);
        prop_assert_eq!(spent + reserved, replayed.charged_nanos);
    }
}
