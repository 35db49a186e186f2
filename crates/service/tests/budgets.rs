//! Budgets: what the usage journal says is charged exactly once, whenever the
//! process dies, and what was under way then stays charged.
#![cfg(test)]

mod support;

use std::time::Duration;

use keyward_domain::{
    api_key::KeyDraft,
    budget::{BudgetMode, BudgetTerms, BudgetWindow, Spending, TermsPatch, TimeZoneName},
    clock::to_millis,
    id::ProjectId,
};
use keyward_service::{
    api_key::{self, ApiKeyPlace, CreateApiKey},
    budget::{self, CreateBudget, UpdateBudget},
};
use keyward_telemetry::journal::UsageRecord;
use support::{House, draft};

fn terms(window: BudgetWindow) -> BudgetTerms {
    let time_zone = TimeZoneName::default();
    BudgetTerms { amount_nanos: 1_000_000_000, window, time_zone, mode: BudgetMode::Strict, shadow: false }
}

/// A moment of a call for which 40 are held back.
fn record(house: &House, key: ApiKeyPlace) -> UsageRecord {
    let now = to_millis(house.keyward.now());
    UsageRecord {
        at_ms: now,
        api_key: key.key.uuid(),
        project: key.project.uuid(),
        let_through_ms: now,
        reserved_nanos: 40,
        ..UsageRecord::default()
    }
}

fn append(house: &House, record: &UsageRecord) {
    house.journal.as_ref().unwrap().append(record).unwrap();
}

async fn key_with_budget(house: &House, project: ProjectId) -> ApiKeyPlace {
    let mut draft: KeyDraft = draft("Key");
    draft.access.budget = Some(terms(BudgetWindow::Month));
    let command = CreateApiKey { project, draft, idempotency: None };
    let made = api_key::create(&house.keyward, &house.owner(), command).await.unwrap();
    ApiKeyPlace { project, key: made.details.key.id }
}

async fn charged(house: &House, key: ApiKeyPlace) -> i64 {
    let details = api_key::find(&house.keyward, &house.owner(), key).await.unwrap();
    let Spending { spent_nanos, reserved_nanos } = details.spending.unwrap();
    spent_nanos + reserved_nanos
}

#[tokio::test]
async fn a_restart_goes_on_with_what_was_charged_and_keeps_what_nobody_heard_the_end_of() {
    let house = House::serving().await;
    let project = house.project("Search").await;
    let key = key_with_budget(&house, project.id).await;
    house.clock.advance(Duration::from_secs(1));
    let through = record(&house, key);
    let ended = |cost| UsageRecord { sent: true, requests: 1, cost_nanos: Some(cost), ..through };
    for moment in [
        through,
        ended(7), // a call
        through,
        UsageRecord { reserved_nanos: -40, ..through }, // one that was never sent
        through,
        UsageRecord { sent: true, requests: 1, ..through }, // one of which nobody knows what it cost
        through,                                            // one that was under way when the process died
    ] {
        append(&house, &moment);
    }
    let mut house = house.reopened().await;
    assert_eq!(charged(&house, key).await, 7 + 40 + 40);
    // Its end, written by the process that died, is found later.
    append(&house, &ended(30));
    house = house.reopened().await;
    assert_eq!(charged(&house, key).await, 7 + 40 + 30);
    house = house.reopened().await;
    assert_eq!(charged(&house, key).await, 7 + 40 + 30);
}

#[tokio::test]
async fn a_call_counts_in_the_period_in_which_it_was_let_through() {
    let house = House::serving().await;
    let project = house.project("Search").await;
    let key = key_with_budget(&house, project.id).await;
    house.clock.advance(Duration::from_secs(1));
    let through = record(&house, key);
    append(&house, &through);
    house.clock.advance(Duration::from_secs(40 * 24 * 3600));
    let next = record(&house, key);
    append(&house, &next);
    append(&house, &UsageRecord { sent: true, cost_nanos: Some(5), at_ms: next.at_ms, ..through });
    let house = house.reopened().await;
    assert_eq!(charged(&house, key).await, 40);
}

#[tokio::test]
async fn another_window_is_summed_up_anew_and_calls_under_way_are_charged_once() {
    let house = House::serving().await;
    let project = house.project("Search").await;
    let key = house.api_key(project.id, "Key").await.details.key;
    let key = ApiKeyPlace { project: project.id, key: key.id };
    let spent = UsageRecord { sent: true, requests: 1, cost_nanos: Some(7), reserved_nanos: 0, ..record(&house, key) };
    append(&house, &spent);
    let whose = Some(project.id);
    let command = CreateBudget { whose, terms: terms(BudgetWindow::Day), idempotency: None };
    let made = budget::create(&house.keyward, &house.owner(), command).await.unwrap();
    assert_eq!(made.spending.spent_nanos, 7);
    house.clock.advance(Duration::from_secs(1));
    let through = record(&house, key);
    append(&house, &through);
    house.keyward.settle().await.unwrap();
    let patch = TermsPatch { window: Some(BudgetWindow::Total), ..TermsPatch::default() };
    let command = UpdateBudget { whose, budget: made.budget.id, patch, expected_version: None };
    let changed = budget::update(&house.keyward, &house.owner(), command).await.unwrap();
    assert_eq!(changed.spending.spent_nanos, 7);
    append(&house, &UsageRecord { sent: true, requests: 1, cost_nanos: Some(30), ..through });
    let house = house.reopened().await;
    let found = budget::find(&house.keyward, &house.owner(), whose, made.budget.id).await.unwrap();
    assert_eq!(found.spending, Spending { spent_nanos: 37, reserved_nanos: 0 });
}
