//! Sums of minutes and hours: what is added is found again, whatever it is told
//! apart by, and nobody else's is.

use std::collections::BTreeSet;

use keyward_domain::{
    api_key::ApiKey,
    id::UserId,
    project::Project,
    usage::{CallKind, ServiceTier},
};
use keyward_store::{
    usage_rollup::{self, Amounts, Rollup, Width},
    usage_sums::{self, Grouping, Sum, SumQuery},
};

use crate::support::{Database, add_api_key, add_organization, add_project, uuid};

contract!(
    what_is_added_is_summed_up_by_time_and_group,
    a_filter_leaves_out_the_rest,
    another_organizations_use_is_never_summed_up,
    minutes_are_forgotten_and_hours_stay,
    use_of_an_unknown_key_adds_nothing,
);

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

const ONE: Amounts = Amounts {
    requests: 1,
    unpriced_requests: 0,
    cached_requests: 2,
    estimated_requests: 4,
    input_tokens: 100,
    cached_input_tokens: 60,
    cache_write_tokens: 10,
    input_audio_tokens: 5,
    output_tokens: 20,
    reasoning_tokens: 12,
    output_audio_tokens: 3,
    cost_nanos: 1_234,
};

fn row(key: &ApiKey, at: i64, model: &str) -> Rollup {
    Rollup {
        key: key.id,
        width: Width::Hour,
        at,
        provider: "openai".into(),
        model: model.into(),
        kind: CallKind::Completions,
        tier: ServiceTier::Unsaid,
    }
}

async fn add(database: &Database, row: &Rollup, amounts: &Amounts) {
    let mut transaction = database.begin().await;
    usage_rollup::add(&mut transaction.conn(), row, amounts).await.unwrap();
    transaction.commit().await.unwrap();
}

fn all(grouping: Grouping) -> SumQuery {
    SumQuery {
        width: Width::Hour,
        from: 0,
        until: 100 * DAY,
        step: DAY,
        grouping,
        kind: None,
        projects: None,
        keys: None,
        users: None,
        models: None,
        batch: None,
        most: 1000,
    }
}

async fn sums(database: &Database, project: &Project, query: &SumQuery) -> Vec<Sum> {
    usage_sums::sums(&mut database.read().await.conn(), project.organization, query).await.unwrap()
}

async fn two_keys(database: &Database) -> (Project, ApiKey, ApiKey) {
    let organization = add_organization(database, 1).await;
    let project = add_project(database, organization, 2).await;
    let other = add_project(database, organization, 3).await;
    let keys = (add_api_key(database, &project, 4).await, add_api_key(database, &other, 5).await);
    (project, keys.0, keys.1)
}

async fn what_is_added_is_summed_up_by_time_and_group(database: &Database) {
    let (project, a, b) = two_keys(database).await;
    for (key, at, model) in
        [(&a, DAY, "x"), (&a, DAY, "x"), (&a, DAY + HOUR, "y"), (&b, DAY + 23 * HOUR, "x"), (&b, 2 * DAY, "x")]
    {
        add(database, &row(key, at, model), &ONE).await;
    }
    let by_day = sums(database, &project, &all(Grouping::default())).await;
    let days: Vec<_> = by_day.iter().map(|sum| (sum.at, sum.amounts.requests, sum.amounts.cost_nanos)).collect();
    assert_eq!(days, [(DAY, 4, 4 * 1_234), (2 * DAY, 1, 1_234)]);
    assert_eq!(
        by_day[1],
        Sum {
            at: 2 * DAY,
            amounts: ONE,
            project: None,
            key: None,
            user: None,
            model: None,
            batch: None,
            tier: None,
            kind: None
        }
    );

    let by_hour = sums(database, &project, &SumQuery { step: HOUR, ..all(Grouping::default()) }).await;
    assert_eq!(by_hour.len(), 4);
    let grouping = Grouping { project: true, key: true, user: true, model: true, batch: true, tier: true, kind: true };
    let by_all = sums(database, &project, &all(grouping)).await;
    let first = &by_all[0];
    assert_eq!(
        (first.project, first.key, first.amounts.requests),
        (Some(a.project), Some(a.id), 2),
        "the dearest first"
    );
    assert_eq!(first.model, Some(("openai".into(), "x".into())));
    assert_eq!(
        (first.tier, first.kind, first.user),
        (Some(ServiceTier::Unsaid), Some(CallKind::Completions), a.created_by.user)
    );
    assert_eq!(by_all.len(), 4);
    assert_eq!(sums(database, &project, &SumQuery { most: 3, ..all(grouping) }).await.len(), 3);
}

async fn a_filter_leaves_out_the_rest(database: &Database) {
    let (project, a, b) = two_keys(database).await;
    add(database, &row(&a, DAY, "x"), &ONE).await;
    add(database, &Rollup { kind: CallKind::Embeddings, ..row(&b, DAY, "y") }, &ONE).await;
    add(database, &Rollup { tier: ServiceTier::Batch, ..row(&b, 3 * DAY, "y") }, &ONE).await;
    let all = all(Grouping::default());
    for (query, expected) in [
        (all.clone(), 3),
        (SumQuery { projects: Some(BTreeSet::from([a.project])), ..all.clone() }, 1),
        (SumQuery { projects: Some(BTreeSet::new()), ..all.clone() }, 0),
        (SumQuery { keys: Some(vec![b.id]), ..all.clone() }, 2),
        (SumQuery { users: Some(vec![UserId::from_uuid(uuid(99))]), ..all.clone() }, 0),
        (SumQuery { models: Some(vec!["y".into(), "z".into()]), ..all.clone() }, 2),
        (SumQuery { kind: Some(CallKind::Embeddings), ..all.clone() }, 1),
        (SumQuery { batch: Some(true), ..all.clone() }, 1),
        (SumQuery { batch: Some(false), ..all.clone() }, 2),
        (SumQuery { from: DAY, until: 2 * DAY, ..all.clone() }, 2),
        (SumQuery { width: Width::Minute, ..all.clone() }, 0),
    ] {
        let found = sums(database, &project, &query).await;
        assert_eq!(found.iter().map(|sum| sum.amounts.requests).sum::<i64>(), expected, "{query:?}");
    }
}

async fn another_organizations_use_is_never_summed_up(database: &Database) {
    let (_, a, _) = two_keys(database).await;
    add(database, &row(&a, DAY, "x"), &ONE).await;
    let stranger = add_organization(database, 8).await;
    let theirs = add_project(database, stranger, 9).await;
    let query = SumQuery { keys: Some(vec![a.id]), ..all(Grouping::default()) };
    assert_eq!(sums(database, &theirs, &query).await, []);
}

async fn minutes_are_forgotten_and_hours_stay(database: &Database) {
    let (project, a, _) = two_keys(database).await;
    let at = [DAY, DAY + 60_000, DAY + 5 * HOUR, 2 * DAY];
    for width in [Width::Minute, Width::Hour] {
        for at in at {
            add(database, &Rollup { width, at: width.begin(at), ..row(&a, at, "x") }, &ONE).await;
        }
    }
    let mut rounds = 0;
    loop {
        rounds += 1;
        let mut transaction = database.begin().await;
        let more = usage_rollup::forget_minutes(&mut transaction.conn(), 2 * DAY).await.unwrap();
        transaction.commit().await.unwrap();
        if !more {
            break;
        }
    }
    assert!(rounds > 1, "an hour at a time");
    let minutes = SumQuery { width: Width::Minute, ..all(Grouping::default()) };
    let left = sums(database, &project, &minutes).await;
    assert_eq!(left.iter().map(|sum| (sum.at, sum.amounts.requests)).collect::<Vec<_>>(), [(2 * DAY, 1)]);
    let hours = sums(database, &project, &all(Grouping::default())).await;
    assert_eq!(hours.iter().map(|sum| sum.amounts.requests).sum::<i64>(), 4);
}

async fn use_of_an_unknown_key_adds_nothing(database: &Database) {
    let (project, a, _) = two_keys(database).await;
    let unknown = Rollup { key: keyward_domain::id::ApiKeyId::from_uuid(uuid(77)), ..row(&a, DAY, "x") };
    add(database, &unknown, &ONE).await;
    assert_eq!(sums(database, &project, &all(Grouping::default())).await, []);
}
