//! Budgets, and what is charged to them.

use keyward_domain::{
    budget::{Budget, BudgetMode, BudgetScope, BudgetState, BudgetTerms, BudgetWindow, TimeZoneName},
    id::{ApiKeyId, BudgetId, OrganizationId},
    usage::{CallKind, ServiceTier},
};
use keyward_store::{
    budget,
    budget_state::{self, Place},
    usage_rollup::{self, Amounts, Rollup, Width},
};

use crate::support::{Database, add_api_key, add_organization, add_project, moment, uuid};

contract!(
    a_budget_is_its_holders_own,
    a_holder_has_one_budget_of_a_window,
    a_keys_calls_are_charged_to_key_project_and_organization,
    what_was_spent_is_summed_up_for_each_holder,
    no_process_takes_more_than_there_is,
    a_budget_in_shadow_mode_is_charged_whatever_is_left,
    what_processes_hold_back_is_told_until_they_are_silent,
);

fn new(number: u64, organization: OrganizationId, scope: BudgetScope, window: BudgetWindow) -> Budget {
    Budget {
        id: BudgetId::from_uuid(uuid(number)),
        organization,
        scope,
        terms: BudgetTerms {
            amount_nanos: 100,
            window,
            time_zone: TimeZoneName::parse("time_zone", "Europe/Berlin").unwrap(),
            mode: BudgetMode::Balanced,
            shadow: false,
        },
        since_ms: 7,
        created_at: moment(1),
        updated_at: moment(2),
        version: 1,
    }
}

const STATE: BudgetState = BudgetState { start_ms: 5, charged_nanos: 60 };

async fn a_budget_is_its_holders_own(database: &Database) {
    let (own, other) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let project = add_project(database, own, 3).await.id;
    let of_project = new(10, own, BudgetScope::Project(project), BudgetWindow::Month);
    let of_organization = new(11, own, BudgetScope::Organization, BudgetWindow::Month);
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    assert!(!budget::is_any(conn).await.unwrap());
    for budget in [&of_project, &of_organization] {
        budget::insert(conn, budget, STATE).await.unwrap();
    }
    assert!(budget::is_any(conn).await.unwrap());
    let mut changed = Budget { version: 2, updated_at: moment(9), ..of_project.clone() };
    changed.terms.amount_nanos = 200;
    changed.terms.shadow = true;
    budget::update(conn, &changed).await.unwrap();
    let found = budget::of_holder(conn, own, project.uuid()).await.unwrap();
    assert_eq!(found, [(changed.clone(), STATE)]);
    assert_eq!(budget::of_holder(conn, other, project.uuid()).await.unwrap(), []);
    assert_eq!(budget::of_holder_any(conn, project.uuid()).await.unwrap(), found);
    let restarted = Budget { since_ms: 8, ..changed.clone() };
    let anew = BudgetState { start_ms: 6, charged_nanos: 1 };
    budget::restart(conn, &restarted, anew).await.unwrap();
    // A count of before isn't kept any more.
    budget::put_state(conn, &changed, STATE).await.unwrap();
    assert_eq!(budget::all(conn).await.unwrap(), [(restarted.clone(), anew), (of_organization.clone(), STATE)]);
    budget::put_state(conn, &restarted, STATE).await.unwrap();
    budget::delete(conn, other, of_organization.id).await.unwrap();
    assert_eq!(budget::all(conn).await.unwrap().len(), 2);
    budget::delete(conn, own, of_organization.id).await.unwrap();
    assert_eq!(budget::all(conn).await.unwrap(), [(restarted, STATE)]);
}

async fn a_holder_has_one_budget_of_a_window(database: &Database) {
    let own = add_organization(database, 1).await;
    let first = new(10, own, BudgetScope::Organization, BudgetWindow::Month);
    let mut transaction = database.begin().await;
    budget::insert(&mut transaction.conn(), &first, STATE).await.unwrap();
    budget::insert(&mut transaction.conn(), &new(11, own, BudgetScope::Organization, BudgetWindow::Day), STATE)
        .await
        .unwrap();
    let again = new(12, own, BudgetScope::Organization, BudgetWindow::Month);
    let error = budget::insert(&mut transaction.conn(), &again, STATE).await.unwrap_err();
    assert!(budget::is_taken(&error), "{error}");
}

async fn a_keys_calls_are_charged_to_key_project_and_organization(database: &Database) {
    let (own, other) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let (project, second) = (add_project(database, own, 3).await, add_project(database, own, 4).await.id);
    let key = add_api_key(database, &project, 5).await.id;
    let project = project.id;
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    for (number, organization, scope) in [
        (10, own, BudgetScope::Key(project, key)),
        (11, own, BudgetScope::Project(project)),
        (12, own, BudgetScope::Organization),
        (13, own, BudgetScope::Project(second)),
        (14, other, BudgetScope::Organization),
    ] {
        budget::insert(conn, &new(number, organization, scope, BudgetWindow::Total), STATE).await.unwrap();
    }
    let found = budget::of_key_any(conn, key).await.unwrap();
    let ids: Vec<_> = found.iter().map(|(budget, _)| budget.id.uuid()).collect();
    assert_eq!(ids, [uuid(10), uuid(11), uuid(12)]);
    assert_eq!(found[0].0.scope, BudgetScope::Key(project, key));
    assert_eq!(budget::of_key_any(conn, ApiKeyId::from_uuid(uuid(99))).await.unwrap(), []);
}

async fn what_was_spent_is_summed_up_for_each_holder(database: &Database) {
    let own = add_organization(database, 1).await;
    let (project, second) = (add_project(database, own, 3).await, add_project(database, own, 4).await);
    let (one, two) = (add_api_key(database, &project, 5).await.id, add_api_key(database, &second, 6).await.id);
    let (project, second) = (project.id, second.id);
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    for (key, at, cost_nanos) in [(one, 60_000, 1), (one, 120_000, 10), (two, 120_000, 100)] {
        let rollup = Rollup {
            key,
            width: Width::Minute,
            at,
            provider: "demo".into(),
            model: "m".into(),
            kind: CallKind::Completions,
            tier: ServiceTier::Unsaid,
        };
        usage_rollup::add(conn, &rollup, &Amounts { cost_nanos, ..Amounts::default() }).await.unwrap();
    }
    for (scope, from, sum) in [
        (BudgetScope::Organization, 0, 111),
        (BudgetScope::Organization, 120_000, 110),
        (BudgetScope::Project(project), 0, 11),
        (BudgetScope::Key(project, one), 120_000, 10),
        (BudgetScope::Key(second, two), 120_001, 0),
    ] {
        assert_eq!(budget::spent(conn, own, scope, (60, from)).await.unwrap(), sum, "{scope:?}");
    }
    assert_eq!(budget::spent(conn, own, BudgetScope::Organization, (3600, 0)).await.unwrap(), 0);
}

async fn no_process_takes_more_than_there_is(database: &Database) {
    let own = add_organization(database, 1).await;
    let budget = new(10, own, BudgetScope::Organization, BudgetWindow::Day);
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    budget::insert(conn, &budget, STATE).await.unwrap();
    let place = |start| Place { id: budget.id, since: 7, start };
    assert_eq!(budget_state::admit(conn, place(5), 41).await.unwrap(), None);
    assert_eq!(
        budget_state::admit(conn, place(5), 40).await.unwrap(),
        Some(BudgetState { start_ms: 5, charged_nanos: 100 })
    );
    assert_eq!(budget_state::admit(conn, Place { since: 6, ..place(5) }, 0).await.unwrap(), None);
    budget_state::charge(conn, place(5), -30).await.unwrap();
    assert_eq!(budget_state::state(conn, budget.id).await.unwrap(), Some((7, 5, 70)));
    // A new period takes nothing over; a clock that is behind brings none back.
    assert_eq!(budget_state::admit(conn, place(9), 101).await.unwrap(), None);
    assert_eq!(
        budget_state::admit(conn, place(9), 100).await.unwrap(),
        Some(BudgetState { start_ms: 9, charged_nanos: 100 })
    );
    assert_eq!(budget_state::admit(conn, place(5), 1).await.unwrap(), None);
    budget_state::charge(conn, place(5), -50).await.unwrap();
    assert_eq!(budget_state::state(conn, budget.id).await.unwrap(), Some((7, 9, 100)));
    budget_state::charge(conn, place(12), 3).await.unwrap();
    assert_eq!(budget_state::state(conn, budget.id).await.unwrap(), Some((7, 12, 3)));
    assert_eq!(budget_state::state(conn, BudgetId::from_uuid(uuid(99))).await.unwrap(), None);
}

async fn a_budget_in_shadow_mode_is_charged_whatever_is_left(database: &Database) {
    let own = add_organization(database, 1).await;
    let mut budget = new(10, own, BudgetScope::Organization, BudgetWindow::Day);
    budget.terms.shadow = true;
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    budget::insert(conn, &budget, STATE).await.unwrap();
    assert_eq!(budget::all(conn).await.unwrap(), [(budget.clone(), STATE)]);
    let place = |start| Place { id: budget.id, since: 7, start };
    for (start, reserve, start_ms, charged_nanos) in [(5, 41, 5, 101), (9, 500, 9, 500), (5, 1, 9, 501)] {
        let taken = budget_state::take(conn, place(start), reserve).await.unwrap();
        assert_eq!(taken, Some(BudgetState { start_ms, charged_nanos }));
    }
    assert_eq!(budget_state::take(conn, Place { since: 6, ..place(9) }, 1).await.unwrap(), None);
}

async fn what_processes_hold_back_is_told_until_they_are_silent(database: &Database) {
    let budget = BudgetId::from_uuid(uuid(10));
    let (here, there, gone) = (uuid(20), uuid(21), uuid(22));
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    for (process, reserved, until) in [(here, 1, 100), (there, 10, 100), (there, 20, 100), (gone, 40, 50)] {
        budget_state::tell_reserved(conn, budget, process, reserved, until).await.unwrap();
    }
    assert_eq!(budget_state::reserved_elsewhere(conn, budget, here, 60).await.unwrap(), 20);
    assert_eq!(budget_state::reserved_elsewhere(conn, budget, here, 40).await.unwrap(), 60);
    budget_state::leave(conn, there, 60).await.unwrap();
    assert_eq!(budget_state::reserved_elsewhere(conn, budget, here, 40).await.unwrap(), 0);
}
