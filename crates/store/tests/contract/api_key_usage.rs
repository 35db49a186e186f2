//! Usage: sums that never count twice, lifetime counts that several processes
//! share, and what the key index is told.

use std::net::IpAddr;

use keyward_domain::{
    api_key::{ApiKey, IndexedKey, KeyAccess, KeyUsage, PreviousSecret},
    id::ApiKeyId,
    permission::Permission,
    secret::SecretDigest,
};
use keyward_store::{
    Pool, api_key, api_key_index,
    api_key_usage::{self, Used},
    journal_position,
};

use crate::support::{Database, add_api_key, add_organization, add_project, moment, new_api_key, uuid};

contract!(
    counters_add_up_and_moments_only_rise,
    counters_stop_at_their_ends,
    usage_of_an_unknown_key_is_passed_over,
    the_previous_secrets_last_use_can_be_forgotten,
    two_hundred_parallel_reserves_are_exact,
    a_count_is_given_back_down_to_zero,
    a_journals_position_waits_for_whoever_moves_it,
    the_index_is_told_of_every_key_that_is_not_deleted,
    the_index_is_told_of_more_keys_than_are_read_at_once,
);

async fn a_key(database: &Database) -> ApiKey {
    let organization = add_organization(database, 1).await;
    let project = add_project(database, organization, 2).await;
    add_api_key(database, &project, 3).await
}

async fn add(database: &Database, key: ApiKeyId, used: Used) {
    let mut transaction = database.begin().await;
    api_key_usage::add(&mut transaction.conn(), key, &used).await.unwrap();
    transaction.commit().await.unwrap();
}

async fn usage(database: &Database, key: &ApiKey) -> KeyUsage {
    let mut connection = database.read().await;
    api_key::find(&mut connection.conn(), key.organization, key.project, key.id).await.unwrap().unwrap().1
}

async fn counters_add_up_and_moments_only_rise(database: &Database) {
    let key = a_key(database).await;
    let ip: IpAddr = "2001:db8::7".parse().unwrap();
    let first = Used {
        requests: 2,
        cached: 3,
        input_tokens: 10,
        output_tokens: 20,
        cost_nanos: 30,
        last: Some((moment(5), Some(ip))),
        previous_last: Some(moment(4)),
    };
    add(database, key.id, first).await;
    let expected = KeyUsage {
        request_count: 2,
        cached_count: 3,
        input_tokens: 10,
        output_tokens: 20,
        cost_nanos: 30,
        last_used_at: Some(moment(5)),
        last_used_ip: Some(ip),
        previous_last_used_at: Some(moment(4)),
    };
    assert_eq!(usage(database, &key).await, expected);

    // Earlier, later, at the same moment, and without a moment.
    add(database, key.id, Used { last: Some((moment(3), None)), previous_last: Some(moment(3)), ..first }).await;
    let expected =
        KeyUsage { request_count: 4, cached_count: 6, input_tokens: 20, output_tokens: 40, cost_nanos: 60, ..expected };
    assert_eq!(usage(database, &key).await, expected);
    add(database, key.id, Used { requests: -1, ..Used::default() }).await;
    let expected = KeyUsage { request_count: 3, ..expected };
    assert_eq!(usage(database, &key).await, expected);
    let other: IpAddr = "192.0.2.1".parse().unwrap();
    add(database, key.id, Used { last: Some((moment(5), Some(other))), ..Used::default() }).await;
    assert_eq!(usage(database, &key).await, KeyUsage { last_used_ip: Some(other), ..expected });
    add(database, key.id, Used { last: Some((moment(6), None)), previous_last: Some(moment(6)), ..Used::default() })
        .await;
    let expected = KeyUsage {
        last_used_at: Some(moment(6)),
        last_used_ip: None,
        previous_last_used_at: Some(moment(6)),
        ..expected
    };
    assert_eq!(usage(database, &key).await, expected);
}

async fn counters_stop_at_their_ends(database: &Database) {
    let key = a_key(database).await;
    let most = Used {
        requests: -5,
        input_tokens: i64::MAX,
        output_tokens: i64::MAX - 1,
        cost_nanos: i64::MAX,
        ..Used::default()
    };
    add(database, key.id, most).await;
    add(database, key.id, Used { input_tokens: 9, output_tokens: 1, ..most }).await;
    let expected = KeyUsage {
        request_count: 0,
        input_tokens: i64::MAX as u64,
        output_tokens: i64::MAX as u64,
        cost_nanos: i64::MAX,
        ..KeyUsage::default()
    };
    assert_eq!(usage(database, &key).await, expected);
}

async fn usage_of_an_unknown_key_is_passed_over(database: &Database) {
    let key = a_key(database).await;
    add(database, ApiKeyId::from_uuid(uuid(99)), Used { requests: 1, ..Used::default() }).await;
    assert_eq!(usage(database, &key).await, KeyUsage::default());
}

async fn the_previous_secrets_last_use_can_be_forgotten(database: &Database) {
    let key = a_key(database).await;
    add(database, key.id, Used { requests: 1, previous_last: Some(moment(4)), ..Used::default() }).await;
    let mut transaction = database.begin().await;
    api_key_usage::forget_previous(&mut transaction.conn(), key.id).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(usage(database, &key).await, KeyUsage { request_count: 1, ..KeyUsage::default() });
}

async fn reserve(pool: &Pool, key: ApiKeyId, max: u64) -> bool {
    api_key_usage::reserve(&mut pool.write().await.unwrap().conn(), key, max).await.unwrap()
}

async fn two_hundred_parallel_reserves_are_exact(database: &Database) {
    let key = a_key(database).await.id;
    let pools = [database.pool.clone(), database.neighbour().await];
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..200 {
        let pool = pools[number % 2].clone();
        calls.spawn(async move { reserve(&pool, key, 150).await });
    }
    let granted = calls.join_all().await.into_iter().filter(|granted| *granted).count();
    assert_eq!(granted, 150);
    assert!(!reserve(&pools[1], key, 150).await);
    assert!(reserve(&pools[1], key, 151).await, "a raised cap goes on from the count");
    pools[1].close().await;
}

async fn a_count_is_given_back_down_to_zero(database: &Database) {
    let key = a_key(database).await;
    assert!(reserve(&database.pool, key.id, 1).await);
    for _ in 0..2 {
        let mut connection = database.pool.write().await.unwrap();
        api_key_usage::give_back(&mut connection.conn(), key.id).await.unwrap();
    }
    assert_eq!(usage(database, &key).await.request_count, 0);
    assert!(reserve(&database.pool, key.id, 1).await);
}

async fn a_journals_position_waits_for_whoever_moves_it(database: &Database) {
    let (journal, other) = (uuid(1), uuid(2));
    let lock = async |start| {
        let mut transaction = database.begin().await;
        let place = journal_position::lock(&mut transaction.conn(), journal, start).await.unwrap();
        transaction.commit().await.unwrap();
        place
    };
    assert_eq!(lock((1, 0)).await, (1, 0));
    let mut mover = database.begin().await;
    assert_eq!(journal_position::lock(&mut mover.conn(), journal, (1, 0)).await.unwrap(), (1, 0));
    journal_position::put(&mut mover.conn(), journal, (7, u32::MAX)).await.unwrap();
    journal_position::lock(&mut mover.conn(), other, (3, 3)).await.unwrap();
    let (second, committed) = tokio::join!(lock((1, 0)), mover.commit());
    committed.unwrap();
    assert_eq!(second, (7, u32::MAX));
}

async fn the_index_is_told_of_every_key_that_is_not_deleted(database: &Database) {
    let (first, second) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let (project, other) = (add_project(database, first, 3).await, add_project(database, second, 4).await);
    let previous = PreviousSecret { digest: SecretDigest([1; 32]), last_four: "aaaa".into(), expires_at: moment(9) };
    let access = KeyAccess { scopes: vec![Permission::LlmInvoke], ..KeyAccess::default() };
    let full = ApiKey {
        previous: Some(previous),
        disabled: true,
        revoked_at: Some(moment(3)),
        expires_at: Some(moment(50)),
        max_requests: Some(7),
        access,
        ..new_api_key(&project, 10)
    };
    let mut transaction = database.begin().await;
    api_key::insert(&mut transaction.conn(), &full).await.unwrap();
    transaction.commit().await.unwrap();
    let (plain, foreign) = (add_api_key(database, &project, 11).await, add_api_key(database, &other, 12).await);
    let deleted = add_api_key(database, &project, 13).await;
    let mut transaction = database.begin().await;
    api_key::delete(&mut transaction.conn(), first, deleted.id, moment(5)).await.unwrap();
    transaction.commit().await.unwrap();
    add(database, full.id, Used { requests: 5, ..Used::default() }).await;
    add(database, plain.id, Used { requests: 60, ..Used::default() }).await;

    let expected = [(IndexedKey::from(&full), 5), (IndexedKey::from(&plain), 60), (IndexedKey::from(&foreign), 0)];
    let mut connection = database.read().await;
    let conn = &mut connection.conn();
    let mut told = Vec::new();
    api_key_index::all(conn, |key, count| told.push((key, count))).await.unwrap();
    told.sort_by_key(|(key, _)| key.id);
    assert_eq!(told, expected);
    told.clear();
    api_key_index::of_project(conn, project.id, |key, count| told.push((key, count))).await.unwrap();
    told.sort_by_key(|(key, _)| key.id);
    assert_eq!(told, expected[..2]);
    assert_eq!(api_key_index::find(conn, full.id).await.unwrap().as_ref(), Some(&expected[0]));
    assert_eq!(api_key_index::find(conn, deleted.id).await.unwrap(), None);
}

async fn the_index_is_told_of_more_keys_than_are_read_at_once(database: &Database) {
    let organization = add_organization(database, 1).await;
    let project = add_project(database, organization, 2).await;
    let keys: Vec<_> = (10..2511).map(|number| new_api_key(&project, number)).collect();
    let mut transaction = database.begin().await;
    for key in &keys {
        api_key::insert(&mut transaction.conn(), key).await.unwrap();
    }
    transaction.commit().await.unwrap();
    let mut connection = database.read().await;
    let conn = &mut connection.conn();
    let mut told = Vec::new();
    api_key_index::all(conn, |key, _| told.push(key)).await.unwrap();
    told.sort_by_key(|key| key.id);
    assert!(told.iter().eq(&keys.iter().map(IndexedKey::from).collect::<Vec<_>>()));
    assert_eq!(api_key_index::count(conn).await.unwrap(), 2501);
}
