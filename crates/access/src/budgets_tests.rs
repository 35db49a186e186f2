//! Budgets as one process counts them.

use std::task::{Context, Poll, Waker};

use keyward_domain::{
    budget::{BudgetTerms, BudgetWindow, TimeZoneName},
    id::{OrganizationId, ProjectId},
};

use super::*;

const DAY: i64 = 24 * 3600 * 1000;

fn budget(number: u128, amount_nanos: i64, window: BudgetWindow) -> Arc<BudgetEntry> {
    let terms = BudgetTerms { amount_nanos, window, time_zone: TimeZoneName::default(), mode: BudgetMode::Strict };
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
    admit_and_see(budgets, reserve, at_ms, &mut Vec::new())
}

fn admit_and_see(
    budgets: &[Arc<BudgetEntry>],
    reserve: i64,
    at_ms: i64,
    seen: &mut Vec<BudgetSeen>,
) -> Result<BudgetAdmission, Refusal> {
    let mut admitting = std::pin::pin!(Budgets::Local.admit(budgets.to_vec(), reserve, from_millis(at_ms), seen));
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
    admit_and_see(&[wide.clone(), narrow.clone()], 40, 1, &mut seen).unwrap();
    assert_eq!(charged(&seen), [(40, 40), (40, 40)]);
    seen.clear();
    admit_and_see(&[wide, narrow, last], 11, 1, &mut seen).unwrap_err();
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
