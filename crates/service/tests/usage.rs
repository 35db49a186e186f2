//! Usage: every record of the journal counts exactly once, whenever the process
//! dies, and whoever reads after a call sees it.
#![cfg(test)]

mod support;

use std::{net::IpAddr, time::Duration};

use jiff::SignedDuration;
use keyward_access::{CapStore, RequestCaps};
use keyward_domain::{
    api_key::{KeyDraft, KeyUsage},
    clock::to_millis,
    id::ProjectId,
};
use keyward_service::{
    api_key::{self, ApiKeyFilter, ApiKeyPlace, CreateApiKey, KeySort, ListApiKeys, RotateApiKey},
    usage_report::{self, Amounts, ReportUsage, Step},
};
use keyward_store::journal_position;
use keyward_telemetry::journal::{ModelName, Position, UsageRecord};
use support::{House, draft};
use uuid::Uuid;

fn call(house: &House, key: ApiKeyPlace) -> UsageRecord {
    UsageRecord {
        at_ms: to_millis(house.keyward.now()),
        api_key: key.key.uuid(),
        project: key.project.uuid(),
        credential: None,
        requests: 1,
        input_tokens: 10,
        output_tokens: 3,
        ip: Some(IpAddr::from([192, 0, 2, 1])),
        sent: true,
        cost_nanos: Some(7),
        model: ModelName::of("openai", "gpt-4o"),
        ..UsageRecord::default()
    }
}

fn append(house: &House, record: &UsageRecord) {
    house.journal.as_ref().unwrap().append(record).unwrap();
}

async fn key_of(house: &House, project: ProjectId, name: &str) -> ApiKeyPlace {
    let key = house.api_key(project, name).await.details.key;
    ApiKeyPlace { project, key: key.id }
}

async fn usage(house: &House, key: ApiKeyPlace) -> KeyUsage {
    api_key::find(&house.keyward, &house.owner(), key).await.unwrap().usage
}

#[tokio::test]
async fn a_reader_sees_the_call_before() {
    let house = House::serving().await;
    let project = house.project("Search").await;
    let key = key_of(&house, project.id, "CI").await;
    assert_eq!(usage(&house, key).await, KeyUsage::default());

    append(&house, &call(&house, key));
    let expected = KeyUsage {
        request_count: 1,
        cached_count: 0,
        input_tokens: 10,
        output_tokens: 3,
        cost_nanos: 7,
        last_used_at: Some(house.keyward.now()),
        last_used_ip: Some(IpAddr::from([192, 0, 2, 1])),
        previous_last_used_at: None,
    };
    assert_eq!(usage(&house, key).await, expected);
    let page = keyward_domain::page::Page { limit: 9, order: keyward_domain::page::Order::Desc, cursor: None };
    append(&house, &call(&house, key));
    let query = ListApiKeys { project: project.id, filter: ApiKeyFilter::default(), sort: KeySort::default(), page };
    let listed = api_key::list(&house.keyward, &house.owner(), query).await.unwrap();
    assert_eq!(listed.data[0].usage.request_count, 2);
}

#[tokio::test]
async fn what_the_cache_answered_is_a_use_and_nothing_else() {
    let house = House::serving().await;
    let project = house.project("Search").await;
    let key = key_of(&house, project.id, "CI").await;
    let hit =
        UsageRecord { requests: 0, input_tokens: 0, output_tokens: 0, sent: false, cached: true, ..call(&house, key) };
    for _ in 0..3 {
        append(&house, &UsageRecord { cost_nanos: Some(0), ..hit });
    }
    let expected = KeyUsage {
        cached_count: 3,
        last_used_at: Some(house.keyward.now()),
        last_used_ip: Some(IpAddr::from([192, 0, 2, 1])),
        ..KeyUsage::default()
    };
    assert_eq!(usage(&house, key).await, expected);
    let today = usage_report::today(&house.keyward, &house.owner(), project.id).await.unwrap();
    assert_eq!(today, usage_report::Amounts { cached_requests: 3, ..Default::default() });
    append(&house, &call(&house, key));
    let today = usage_report::today(&house.keyward, &house.owner(), project.id).await.unwrap();
    assert_eq!((today.requests, today.cached_requests, today.unpriced_requests), (1, 3, 0));
}

#[tokio::test]
async fn totals_are_exact_whenever_the_process_dies() {
    let mut house = House::serving().await;
    let project = house.project("Search").await;
    let keys = [key_of(&house, project.id, "a").await, key_of(&house, project.id, "b").await];
    let mut counts = [0u64; 2];
    for round in 0..12usize {
        for number in 0..=(round * 17) {
            append(&house, &call(&house, keys[number % 2]));
            counts[number % 2] += 1;
        }
        if round % 3 != 0 {
            house.keyward.settle().await.unwrap();
        }
        if round % 2 == 1 {
            house = house.reopened().await;
        }
        append(&house, &call(&house, keys[0]));
        counts[0] += 1;
    }
    let house = house.reopened().await;
    for (key, count) in keys.into_iter().zip(counts) {
        let usage = usage(&house, key).await;
        assert_eq!((usage.request_count, usage.input_tokens, usage.output_tokens), (count, 10 * count, 3 * count));
    }
    let files = std::fs::read_dir(house.path().join("journal")).unwrap();
    let segments = files.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|end| end == "log"));
    assert!(segments.count() <= 2, "counted files are deleted");
}

#[tokio::test]
async fn parallel_settlings_count_once() {
    let house = House::serving().await;
    let project = house.project("Search").await;
    let key = key_of(&house, project.id, "CI").await;
    let mut settlings = tokio::task::JoinSet::new();
    for _ in 0..50 {
        append(&house, &call(&house, key));
        let keyward = house.keyward.clone();
        settlings.spawn(async move { keyward.settle().await });
        tokio::task::yield_now().await;
    }
    // Some are given up half-way, as a caller who hangs up does.
    for number in 0..20u64 {
        append(&house, &call(&house, key));
        let _ = tokio::time::timeout(Duration::from_micros(50 * number), house.keyward.settle()).await;
    }
    while let Some(settled) = settlings.join_next().await {
        settled.unwrap().unwrap();
    }
    assert_eq!(usage(&house, key).await.request_count, 70);
}

#[tokio::test]
async fn a_cap_goes_on_after_a_restart_with_the_calls_admitted_before() {
    let house = House::serving().await;
    let project = house.project("Search").await;
    let draft = KeyDraft { max_requests: Some(3), ..draft("capped") };
    let command = CreateApiKey { project: project.id, draft, idempotency: None };
    let made = api_key::create(&house.keyward, &house.owner(), command).await.unwrap();
    let key = ApiKeyPlace { project: project.id, key: made.details.key.id };
    // One call admitted and given back, two admitted and never finished.
    let admission = UsageRecord { input_tokens: 0, output_tokens: 0, sent: false, ..call(&house, key) };
    for requests in [1, -1, 1, 1] {
        append(&house, &UsageRecord { requests, ..admission });
    }
    let house = house.reopened().await;
    let caps = house.keyward.request_caps();
    assert!(matches!(caps, RequestCaps::Local));
    let entry = house.authenticate(&made.secret).unwrap().key;
    assert!(caps.reserve(&entry).await.is_ok());
    assert!(caps.reserve(&entry).await.is_err());
    assert_eq!(usage(&house, key).await.request_count, 2);
}

#[tokio::test]
async fn the_shared_count_is_exact_and_given_back() {
    let house = House::new().await;
    let project = house.project("Search").await;
    let key = key_of(&house, project.id, "CI").await;
    let mut reserves = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let keyward = house.keyward.clone();
        reserves.spawn(async move { keyward.reserve(key.key, 120).await.unwrap() });
    }
    assert_eq!(reserves.join_all().await.into_iter().filter(|reserved| *reserved).count(), 120);
    house.keyward.give_back(key.key).await.unwrap();
    assert!(house.keyward.reserve(key.key, 120).await.unwrap());
    assert!(!house.keyward.reserve(key.key, 120).await.unwrap());
}

#[tokio::test]
async fn the_old_secrets_last_use_is_shown_from_the_rotation_on() {
    let house = House::serving().await;
    let project = house.project("Search").await;
    let key = key_of(&house, project.id, "CI").await;
    let rotate = || RotateApiKey {
        place: key,
        overlap: SignedDuration::from_secs(60),
        expected_version: None,
        idempotency: None,
    };
    api_key::rotate(&house.keyward, &house.owner(), rotate()).await.unwrap();
    append(&house, &UsageRecord { previous_secret: true, ..call(&house, key) });
    assert_eq!(usage(&house, key).await.previous_last_used_at, Some(house.keyward.now()));
    append(&house, &UsageRecord { previous_secret: true, ..call(&house, key) });
    let rotated = api_key::rotate(&house.keyward, &house.owner(), rotate()).await.unwrap();
    assert_eq!(rotated.details.usage.previous_last_used_at, None);
    assert_eq!(usage(&house, key).await, rotated.details.usage);
}

#[tokio::test]
async fn nonsense_of_a_provider_and_unknown_keys_stop_nothing() {
    let house = House::serving().await;
    let project = house.project("Search").await;
    let key = key_of(&house, project.id, "CI").await;
    append(&house, &UsageRecord { input_tokens: u64::MAX, output_tokens: u64::MAX, ..call(&house, key) });
    let unknown = UsageRecord { credential: Some(Uuid::max()), api_key: Uuid::max(), ..call(&house, key) };
    append(&house, &unknown);
    append(&house, &UsageRecord { at_ms: i64::MAX, ..call(&house, key) });
    house.keyward.settle().await.unwrap();
    append(&house, &call(&house, key));
    assert_eq!(usage(&house, key).await.request_count, 3);
}

#[tokio::test]
async fn a_database_ahead_of_the_journal_counts_what_comes_next() {
    let house = House::serving().await;
    let project = house.project("Search").await;
    let key = key_of(&house, project.id, "CI").await;
    append(&house, &call(&house, key));
    house.keyward.settle().await.unwrap();
    // The files lost their end, so the position is beyond them.
    let journal = house.journal.as_ref().unwrap().id();
    let ahead = Position::new(5, 1000);
    let mut transaction = house.pool.begin().await.unwrap();
    journal_position::put(&mut transaction.conn(), journal, (ahead.segment(), ahead.offset())).await.unwrap();
    transaction.commit().await.unwrap();

    let house = house.reopened().await;
    append(&house, &call(&house, key));
    assert_eq!(usage(&house, key).await.request_count, 2);
}

#[tokio::test]
async fn damage_costs_its_own_records_only() {
    let house = House::serving().await;
    let project = house.project("Search").await;
    let key = key_of(&house, project.id, "CI").await;
    for _ in 0..3 {
        append(&house, &call(&house, key));
    }
    let file = house.path().join("journal/usage-00000001.log");
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    std::fs::write(&file, bytes).unwrap();
    append(&house, &call(&house, key));
    assert_eq!(usage(&house, key).await.request_count, 3);
}

#[tokio::test]
async fn what_is_left_is_settled_when_told_to_stop() {
    let house = House::serving().await;
    let project = house.project("Search").await;
    let key = key_of(&house, project.id, "CI").await;
    let stop = tokio_util::sync::CancellationToken::new();
    stop.cancel();
    append(&house, &call(&house, key));
    house.keyward.settle_until(stop).await;
    let mut connection = house.pool.read().await.unwrap();
    let place = (house.organization, key.project, key.key);
    let found = keyward_store::api_key::find(&mut connection.conn(), place.0, place.1, place.2).await.unwrap();
    assert_eq!(found.unwrap().1.request_count, 1);
}

#[tokio::test]
async fn every_call_is_in_the_reports_once_whenever_the_process_dies() {
    let mut house = House::serving().await;
    let project = house.project("Search").await;
    let key = key_of(&house, project.id, "CI").await;
    let (mut calls, begun) = (0, house.keyward.now().as_second());
    for round in 0..6 {
        for number in 0..(round * 11) {
            let unpriced = UsageRecord { cost_nanos: None, ..call(&house, key) };
            append(&house, &if number % 5 == 0 { unpriced } else { call(&house, key) });
            calls += 1;
        }
        // What counts and gives back a count isn't a call.
        append(&house, &UsageRecord { requests: 1, sent: false, cost_nanos: None, ..call(&house, key) });
        append(&house, &UsageRecord { requests: -1, sent: false, cost_nanos: None, ..call(&house, key) });
        if round % 2 == 0 {
            house.keyward.settle().await.unwrap();
        }
        house = house.reopened().await;
    }
    let hostile = ModelName::of("openai", "gpt\0\n4o");
    append(&house, &UsageRecord { model: hostile, ..call(&house, key) });
    calls += 1;
    let unpriced = (0..6).map(|round| (0..round * 11).filter(|number| number % 5 == 0).count() as i64).sum::<i64>();
    for step in [Step::Minute, Step::Hour, Step::Day] {
        let command = ReportUsage { step, ..ReportUsage::since(begun) };
        let report = usage_report::report(&house.keyward, &house.owner(), command).await.unwrap();
        let mut sum = Amounts::default();
        for found in report.buckets.iter().flat_map(|bucket| &bucket.sums) {
            sum.add(&found.amounts);
        }
        assert_eq!((sum.requests, sum.unpriced_requests), (calls, unpriced), "{step:?}");
        assert_eq!((sum.input_tokens, sum.output_tokens), (10 * calls, 3 * calls));
        assert_eq!(sum.cost_nanos, 7 * (calls - unpriced));
    }
    assert_eq!(usage(&house, key).await.cost_nanos, 7 * (calls - unpriced));
    assert_eq!(usage_report::today(&house.keyward, &house.owner(), project.id).await.unwrap().requests, calls);
}
