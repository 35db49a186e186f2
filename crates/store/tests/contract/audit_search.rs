//! Searching the audit log, reading it as it lies there, and reading one
//! unchanging state of it. What each filter means stands in the use case's
//! tests; here both databases must agree.

use keyward_domain::{
    audit::{AuditActor, AuditEvent, AuditProject, CHAIN_START, Outcome},
    id::{AuditEventId, OrganizationId},
    page::{Cursor, Order, Page},
};
use keyward_store::{
    CursorUnknown,
    audit::{self, AuditFilter, AuditRecord, ChainHead, EventKeys},
};

use crate::support::{Database, add_organization, uuid};

contract!(
    each_filter_means_the_same,
    events_are_paged_by_their_place,
    a_stretch_is_read_with_the_hashes_before_its_events,
    rows_agree_with_their_events,
    a_snapshot_does_not_change,
);

const NAMES: [&str; 3] = ["Search", "Éclair 50%_\"x\"", "back\\slash"];

/// The event at a place; each differs in everything that is searched for.
fn event(organization: OrganizationId, sequence: i64) -> AuditEvent {
    let number = u64::try_from(sequence).unwrap();
    let id = |prefix: &str| format!("{prefix}_{}", uuid(number).simple());
    let even = sequence % 2 == 0;
    AuditEvent {
        id: format!("audit_{}", uuid((organization.uuid().as_u64_pair().1 & 0xff) * 100 + number).simple()),
        organization_id: organization.to_string(),
        sequence,
        at_ms: sequence * 1000,
        event_type: if even { "api_key.created" } else { "project.created" }.into(),
        outcome: if even { Outcome::Denied } else { Outcome::Success },
        actor: AuditActor {
            kind: "admin_key".into(),
            id: Some(id("admkey")),
            user_id: Some(id("user")),
            email: Some(format!("user{sequence}@example.com")),
        },
        project: even.then(|| AuditProject { id: id("proj"), name: "P".into() }),
        targets: vec![id("proj"), "proj_shared".into()],
        before: serde_json::json!({}),
        after: serde_json::json!({ "name": NAMES[(number as usize - 1) % 3] }),
        ip: Some(format!("192.0.2.{sequence}")),
        user_agent: None,
        request_id: Some(format!("req_{sequence}")),
    }
}

async fn append(database: &Database, organization: OrganizationId, sequence: i64) {
    let event = event(organization, sequence);
    let (id, own) = (event.id.parse::<AuditEventId>().unwrap(), uuid(u64::try_from(sequence).unwrap()));
    let keys = EventKeys {
        id: id.uuid(),
        actor: Some(own),
        actor_user: Some(own),
        project: event.project.is_some().then_some(own),
    };
    let mut transaction = database.begin().await;
    let before = audit::head(&mut transaction.conn(), organization).await.unwrap();
    let head = ChainHead { sequence, hash: event.chain(&before.hash), signature: vec![9; 64] };
    audit::append(&mut transaction.conn(), organization, &event, keys, &head).await.unwrap();
    transaction.commit().await.unwrap();
}

/// An organization with four events beside another one with one.
async fn story(database: &Database) -> (OrganizationId, OrganizationId) {
    let (own, other) = (add_organization(database, 1).await, add_organization(database, 2).await);
    for sequence in 1..=4 {
        append(database, own, sequence).await;
    }
    append(database, other, 1).await;
    (own, other)
}

fn places(records: &[AuditRecord]) -> Vec<i64> {
    records.iter().map(|record| record.event.sequence).collect()
}

async fn each_filter_means_the_same(database: &Database) {
    let (own, _) = story(database).await;
    let any = AuditFilter::default;
    let texts = |values: &[&str]| Some(values.iter().map(ToString::to_string).collect::<Vec<_>>());
    let two = event(own, 2);
    let mut connection = database.read().await;
    let conn = &mut connection.conn();
    for (filter, expected) in [
        (any(), vec![1, 2, 3, 4]),
        (AuditFilter { from: Some(2000), until: Some(4000), ..any() }, vec![2, 3]),
        (AuditFilter { projects: Some(vec![uuid(2), uuid(3)]), ..any() }, vec![2]),
        (AuditFilter { projects: Some(vec![]), ..any() }, vec![]),
        (AuditFilter { event_types: texts(&["api_key.*"]), ..any() }, vec![2, 4]),
        (AuditFilter { event_types: texts(&["api_key.created", "project.*"]), ..any() }, vec![1, 2, 3, 4]),
        (AuditFilter { event_types: texts(&["api_key_created", "%"]), ..any() }, vec![]),
        (AuditFilter { event_types: Some(vec![]), ..any() }, vec![]),
        (AuditFilter { actors: Some(vec![uuid(4), uuid(9)]), ..any() }, vec![4]),
        (AuditFilter { actors: Some(vec![]), ..any() }, vec![]),
        (AuditFilter { actor_emails: texts(&["user3@example.com"]), ..any() }, vec![3]),
        (AuditFilter { targets: texts(&[&two.targets[0], "nothing"]), ..any() }, vec![2]),
        (AuditFilter { targets: texts(&["proj_shared"]), ..any() }, vec![1, 2, 3, 4]),
        (AuditFilter { outcome: Some(Outcome::Denied), ..any() }, vec![2, 4]),
        (AuditFilter { ip: Some("192.0.2.3".into()), ..any() }, vec![3]),
        (AuditFilter { request_id: Some("req_1".into()), ..any() }, vec![1]),
        (AuditFilter { search: Some("sEaRcH".into()), ..any() }, vec![1, 4]),
        (AuditFilter { search: Some("Éclair 50%_\"X\"".into()), ..any() }, vec![2]),
        (AuditFilter { search: Some("éclair".into()), ..any() }, vec![]),
        (AuditFilter { search: Some("Éclair 50%_\"x\"".into()), ..any() }, vec![2]),
        (AuditFilter { search: Some("clAIR 50%_".into()), ..any() }, vec![2]),
        (AuditFilter { search: Some("K\\S".into()), ..any() }, vec![3]),
        (AuditFilter { search: Some("\u{1}".into()), ..any() }, vec![]),
        (AuditFilter { search: Some("search".into()), outcome: Some(Outcome::Denied), ..any() }, vec![4]),
    ] {
        let found = audit::stretch(conn, own, &filter, (i64::MIN, i64::MAX), 10).await.unwrap();
        assert_eq!(places(&found), expected, "{filter:?}");
    }
}

async fn events_are_paged_by_their_place(database: &Database) {
    let (own, other) = story(database).await;
    let id = |organization, sequence| event(organization, sequence).id.parse::<AuditEventId>().unwrap();
    let mut connection = database.read().await;
    let conn = &mut connection.conn();
    for (order, cursor, expected, has_more) in [
        (Order::Desc, None, [4, 3].as_slice(), true),
        (Order::Desc, Some(Cursor::After(id(own, 3))), &[2, 1], false),
        (Order::Desc, Some(Cursor::Before(id(own, 1))), &[3, 2], true),
        (Order::Asc, Some(Cursor::After(id(own, 3))), &[4], false),
    ] {
        let page = Page { limit: 2, order, cursor };
        let listed = audit::list(conn, own, &AuditFilter::default(), &page).await.unwrap().unwrap();
        assert_eq!((places(&listed.data).as_slice(), listed.has_more), (expected, has_more), "{order:?} {cursor:?}");
    }
    let foreign = Page { limit: 2, order: Order::Desc, cursor: Some(Cursor::After(id(other, 1))) };
    assert_eq!(audit::list(conn, own, &AuditFilter::default(), &foreign).await.unwrap(), Err(CursorUnknown("after")));
}

async fn a_stretch_is_read_with_the_hashes_before_its_events(database: &Database) {
    let (own, _) = story(database).await;
    let mut connection = database.read().await;
    let conn = &mut connection.conn();
    let all = audit::stretch(conn, own, &AuditFilter::default(), (i64::MIN, i64::MAX), 10).await.unwrap();
    let mut hash = CHAIN_START;
    for record in &all {
        assert_eq!(record.previous_hash, Some(hash));
        assert_eq!(record.text.as_bytes(), record.event.canonical());
        hash = record.event.chain(&hash);
        assert_eq!(record.hash, hash);
    }
    let some = audit::stretch(conn, own, &AuditFilter::default(), (1, 3), 10).await.unwrap();
    assert_eq!(some, all[1..3]);
    let one = audit::stretch(conn, own, &AuditFilter::default(), (1, 3), 1).await.unwrap();
    assert_eq!(one, all[1..2]);
}

async fn rows_agree_with_their_events(database: &Database) {
    let (own, other) = story(database).await;
    let mut connection = database.read().await;
    let conn = &mut connection.conn();
    let rows = audit::rows(conn, own, i64::MIN, 3).await.unwrap();
    assert!(rows.iter().map(|row| row.sequence).eq([1, 2, 3]));
    for row in &rows {
        assert_eq!(row.event.as_bytes(), event(own, row.sequence).canonical());
        assert_eq!(row.differing_column(own, &event(own, row.sequence)), None);
        assert_eq!(row.differing_column(other, &event(own, row.sequence)), Some("organization_id"));
        let changed = AuditEvent { ip: None, ..event(own, row.sequence) };
        assert_eq!(row.differing_column(own, &changed), Some("ip"));
    }
    assert!(audit::rows(conn, own, 3, 9).await.unwrap().iter().map(|row| row.sequence).eq([4]));
    let mut targets: Vec<_> = event(own, 2).targets.into_iter().map(|target| (2, target)).collect();
    targets.sort();
    assert_eq!(audit::targets(conn, own, 1, 2).await.unwrap(), targets);
}

async fn a_snapshot_does_not_change(database: &Database) {
    let (own, _) = story(database).await;
    let mut snapshot = database.pool.snapshot().await.unwrap();
    let before = audit::head(&mut snapshot.conn(), own).await.unwrap();
    append(database, own, 5).await;
    assert_eq!(audit::head(&mut snapshot.conn(), own).await.unwrap(), before);
    assert_eq!(audit::rows(&mut snapshot.conn(), own, 4, 9).await.unwrap().len(), 0);
    drop(snapshot);
    assert_eq!(audit::head(&mut database.read().await.conn(), own).await.unwrap().sequence, 5);
}
