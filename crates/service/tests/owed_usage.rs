//! What is told later: by whatever number of answers, in whatever order, it is
//! counted once, for the key that began it, and charges no budget again.
#![cfg(test)]

mod support;

use keyward_domain::{
    api_key::KeyUsage,
    budget::{BudgetMode, BudgetTerms, BudgetWindow, TimeZoneName},
    clock::to_millis,
    usage::ServiceTier,
};
use keyward_service::{
    api_key::{self, ApiKeyPlace},
    budget::{self, CreateBudget},
    usage_report::{self, Amounts, Grouping, ReportUsage, Sum},
};
use keyward_telemetry::journal::{ModelName, UsageRecord};
use support::House;
use uuid::Uuid;

/// What an answer tells of a batch of four calls.
fn batch(house: &House, key: ApiKeyPlace, resource: u128) -> UsageRecord {
    UsageRecord {
        at_ms: to_millis(house.keyward.now()),
        api_key: key.key.uuid(),
        project: key.project.uuid(),
        credential: Some(Uuid::from_u128(5)),
        input_tokens: 5_000_000_000,
        output_tokens: 300,
        cost_nanos: Some(70),
        tier: ServiceTier::Batch,
        model: ModelName::of("openai", "gpt-4o"),
        resource: Some(Uuid::from_u128(resource)),
        batch_calls: 4,
        ..UsageRecord::default()
    }
}

fn append(house: &House, records: &[UsageRecord]) {
    for record in records {
        house.journal.as_ref().unwrap().append(record).unwrap();
    }
}

async fn house_with_key() -> (House, ApiKeyPlace) {
    let house = House::serving().await;
    let project = house.project("Search").await;
    let key = house.api_key(project.id, "CI").await.details.key;
    (house, ApiKeyPlace { project: project.id, key: key.id })
}

async fn usage(house: &House, key: ApiKeyPlace) -> KeyUsage {
    api_key::find(&house.keyward, &house.owner(), key).await.unwrap().usage
}

/// What is in the reports, told apart by whether it was part of a batch.
async fn sums(house: &House) -> Vec<Sum> {
    let grouping = Grouping { batch: true, ..Grouping::default() };
    let command = ReportUsage { grouping, ..ReportUsage::since(house.keyward.now().as_second()) };
    let report = usage_report::report(&house.keyward, &house.owner(), command).await.unwrap();
    report.buckets.into_iter().flat_map(|bucket| bucket.sums).collect()
}

#[tokio::test]
async fn a_batch_counts_once_however_often_it_is_told_and_whenever_the_process_dies() {
    let (mut house, key) = house_with_key().await;
    let told = batch(&house, key, 1);
    append(&house, &[told, told]);
    house.keyward.settle().await.unwrap();
    append(&house, &[told]);
    for _ in 0..2 {
        house = house.reopened().await;
        append(&house, &[told, told]);
    }
    let expected = KeyUsage { input_tokens: 5_000_000_000, output_tokens: 300, cost_nanos: 70, ..KeyUsage::default() };
    assert_eq!(usage(&house, key).await, expected, "no call of the key's, and no use of it");
    let [sum] = &sums(&house).await[..] else { panic!() };
    let expected =
        Amounts { requests: 4, input_tokens: 5_000_000_000, output_tokens: 300, cost_nanos: 70, ..Amounts::default() };
    assert_eq!((sum.batch, sum.amounts), (Some(true), expected));

    append(&house, &[batch(&house, key, 2), told]);
    assert_eq!(usage(&house, key).await.cost_nanos, 140, "another batch is another");
}

#[tokio::test]
async fn parallel_settlings_count_a_batch_once() {
    let (house, key) = house_with_key().await;
    let mut settlings = tokio::task::JoinSet::new();
    for number in 0..40 {
        append(&house, &[batch(&house, key, 1 + number % 4)]);
        let keyward = house.keyward.clone();
        settlings.spawn(async move { keyward.settle().await });
        tokio::task::yield_now().await;
    }
    while let Some(settled) = settlings.join_next().await {
        settled.unwrap().unwrap();
    }
    assert_eq!(usage(&house, key).await.cost_nanos, 4 * 70);
}

#[tokio::test]
async fn a_call_counts_though_what_it_used_was_told_before() {
    for call_comes_first in [true, false] {
        let (house, key) = house_with_key().await;
        let told = UsageRecord { input_tokens: 10, batch_calls: 0, tier: ServiceTier::Usual, ..batch(&house, key, 1) };
        let call = UsageRecord { requests: 1, sent: true, ..told };
        append(&house, &if call_comes_first { [call, told] } else { [told, call] });
        let used = usage(&house, key).await;
        assert_eq!((used.request_count, used.input_tokens, used.output_tokens, used.cost_nanos), (1, 10, 300, 70));
        let mut amounts = Amounts::default();
        for sum in sums(&house).await {
            amounts.add(&sum.amounts);
        }
        assert_eq!((amounts.requests, amounts.input_tokens, amounts.cost_nanos), (1, 10, 70));
        assert_eq!(amounts.unpriced_requests, 0);
    }
}

#[tokio::test]
async fn what_is_told_later_without_a_price_says_so_and_nonsense_fills_nothing() {
    let (house, key) = house_with_key().await;
    append(&house, &[UsageRecord { cost_nanos: None, ..batch(&house, key, 1) }]);
    assert_eq!(sums(&house).await[0].amounts.unpriced_requests, 4);
    append(&house, &[UsageRecord { input_tokens: u64::MAX, cost_nanos: Some(i64::MAX), ..batch(&house, key, 2) }; 2]);
    let used = usage(&house, key).await;
    assert_eq!((used.input_tokens, used.cost_nanos), (1_005_000_000_000, 1_000_000_000_000_000));
}

#[tokio::test]
async fn what_is_told_later_charges_no_budget() {
    let (house, key) = house_with_key().await;
    let terms = BudgetTerms {
        amount_nanos: 1_000,
        window: BudgetWindow::Month,
        time_zone: TimeZoneName::default(),
        mode: BudgetMode::Strict,
        shadow: false,
    };
    let command = CreateBudget { whose: None, terms, idempotency: None };
    let made = budget::create(&house.keyward, &house.owner(), command).await.unwrap();
    append(&house, &[batch(&house, key, 1)]);
    house.keyward.settle().await.unwrap();
    let house = house.reopened().await;
    let found = budget::find(&house.keyward, &house.owner(), None, made.budget.id).await.unwrap();
    assert_eq!((found.spending.spent_nanos, found.spending.reserved_nanos), (0, 0));
    assert_eq!(usage(&house, key).await.cost_nanos, 70);
}
