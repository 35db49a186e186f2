//! What was decided about retention and when it ran, and the start of a chain
//! that it takes away.

use keyward_domain::{
    audit::{AuditActor, AuditEvent, ChainHash, Outcome},
    id::OrganizationId,
    retention::{DataClass, Keep, RetentionRun, RetentionSettings},
};
use keyward_store::{
    StoreError,
    audit::{self, AuditFilter, ChainAnchor, ChainHead, EventKeys, Span},
    retention,
};

use crate::support::{Database, add_organization, moment, uuid};

contract!(
    a_decision_replaces_the_one_before,
    what_nobody_can_have_decided_is_not_read,
    one_run_begins_an_hour,
    a_run_is_kept_as_far_as_it_came,
    the_start_of_a_chain_goes_and_leaves_its_anchor,
    an_older_event_behind_a_newer_one_is_not_the_start,
);

const CLASS: DataClass = DataClass::AuditEvents;

async fn settings(database: &Database, organization: OrganizationId) -> (RetentionSettings, i64) {
    retention::settings(&mut database.read().await.conn(), organization).await.unwrap()
}

async fn a_decision_replaces_the_one_before(database: &Database) {
    let (own, other) = (add_organization(database, 1).await, add_organization(database, 2).await);
    assert_eq!(settings(database, own).await, (RetentionSettings::default(), 1));
    for (keep, version) in [(Keep::Days(40), 2), (Keep::Forever, 3), (Keep::Days(36_500), 4)] {
        let mut transaction = database.begin().await;
        retention::put(&mut transaction.conn(), own, CLASS, keep, version).await.unwrap();
        transaction.commit().await.unwrap();
        let (kept, at) = settings(database, own).await;
        assert_eq!((kept.keep(CLASS), at), (keep, version));
    }
    assert_eq!(settings(database, other).await, (RetentionSettings::default(), 1));
}

async fn what_nobody_can_have_decided_is_not_read(database: &Database) {
    let own = add_organization(database, 1).await;
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    for days in [0, 29, 36_501] {
        retention::put(conn, own, CLASS, Keep::Days(days), 2).await.unwrap();
        let refused = retention::settings(conn, own).await;
        assert!(matches!(refused, Err(StoreError::Unreadable(_))), "{refused:?}");
    }
}

async fn runs(database: &Database, organization: OrganizationId) -> Vec<(DataClass, RetentionRun)> {
    retention::runs(&mut database.read().await.conn(), organization).await.unwrap()
}

async fn begin(database: &Database, organization: OrganizationId, second: i64) -> bool {
    let mut connection = database.pool.write().await.unwrap();
    let (now, horizon) = (moment(second), moment(second - 3600));
    retention::begin_run(&mut connection.conn(), organization, CLASS, now, horizon).await.unwrap()
}

async fn one_run_begins_an_hour(database: &Database) {
    let (own, other) = (add_organization(database, 1).await, add_organization(database, 2).await);
    assert_eq!(runs(database, own).await, []);
    for (second, begins) in [
        (10_000, true),
        (10_000, false),
        (13_599, false),
        (13_600, true),
        (13_601, false),
        (9_000, true),
        (9_001, false),
    ] {
        assert_eq!(begin(database, own, second).await, begins, "{second}");
    }
    assert_eq!(runs(database, own).await, [(CLASS, RetentionRun::begun(moment(9_000)))]);
    assert!(begin(database, other, 9_001).await);
}

async fn a_run_is_kept_as_far_as_it_came(database: &Database) {
    let (own, other) = (add_organization(database, 1).await, add_organization(database, 2).await);
    assert!(begin(database, own, 10).await);
    let mut run = RetentionRun::begun(moment(10));
    run.add(7, moment(1), moment(2));
    run.problem = Some("It isn't what was written.".into());
    for run in [run.clone(), RetentionRun { deleted: 9, problem: None, ..run.clone() }, run.clone()] {
        let mut transaction = database.begin().await;
        retention::put_run(&mut transaction.conn(), own, CLASS, &run).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(runs(database, own).await, [(CLASS, run)]);
    }
    assert_eq!(runs(database, other).await, []);
    // The next one hasn't deleted anything yet; whether all is well it doesn't know.
    assert!(begin(database, own, 9_999).await);
    let begun = RetentionRun { problem: run.problem, ..RetentionRun::begun(moment(9_999)) };
    assert_eq!(runs(database, own).await, [(CLASS, begun)]);
}

/// Appends an event that happened then; answers its hash.
async fn append(database: &Database, organization: OrganizationId, at_ms: i64) -> ChainHash {
    let mut transaction = database.begin().await;
    let conn = &mut transaction.conn();
    let before = audit::head(conn, organization).await.unwrap();
    let sequence = before.sequence + 1;
    let number = u64::try_from(sequence).unwrap() + 1000 * (organization.uuid().as_u64_pair().1 & 0xff);
    let event = AuditEvent {
        id: format!("audit_{}", uuid(number).simple()),
        organization_id: organization.to_string(),
        sequence,
        at_ms,
        event_type: "project.created".into(),
        outcome: Outcome::Success,
        actor: AuditActor { kind: "system".into(), id: None, user_id: None, email: None },
        project: None,
        targets: vec![format!("proj_{sequence}"), "proj_shared".into()],
        before: serde_json::json!({}),
        after: serde_json::json!({}),
        ip: None,
        user_agent: None,
        request_id: None,
    };
    let head = ChainHead { sequence, hash: event.chain(&before.hash), signature: vec![9; 64] };
    let keys = EventKeys { id: uuid(number), ..EventKeys::default() };
    audit::append(conn, organization, &event, keys, &head).await.unwrap();
    transaction.commit().await.unwrap();
    head.hash
}

async fn remove(database: &Database, organization: OrganizationId, after: i64, anchor: &ChainAnchor) -> u64 {
    let mut transaction = database.begin().await;
    let removed = audit::remove_through(&mut transaction.conn(), organization, after, anchor).await.unwrap();
    transaction.commit().await.unwrap();
    removed
}

async fn the_start_of_a_chain_goes_and_leaves_its_anchor(database: &Database) {
    let (own, other) = (add_organization(database, 1).await, add_organization(database, 2).await);
    let mut hashes = Vec::new();
    for at in 1..=5 {
        hashes.push(append(database, own, at * 1000).await);
        append(database, other, at * 1000).await;
    }
    let head = audit::head(&mut database.read().await.conn(), own).await.unwrap();
    assert_eq!(audit::anchor(&mut database.read().await.conn(), own).await.unwrap(), None);
    let span = async |reach| audit::span(&mut database.read().await.conn(), own, reach).await.unwrap();
    assert_eq!(span((0, 2)).await, Some(Span { events: 2, first_at: 1000, last_at: 2000 }));
    assert_eq!(span((5, 9)).await, None);

    for (after, through, removed) in [(0_i64, 2_i64, 2), (2, 3, 1), (3, 3, 0)] {
        let hash = hashes[usize::try_from(through).unwrap() - 1];
        let anchor = ChainAnchor { sequence: through, hash, signature: vec![7; 64] };
        assert_eq!(remove(database, own, after, &anchor).await, removed);
        let mut connection = database.read().await;
        let conn = &mut connection.conn();
        assert_eq!(audit::anchor(conn, own).await.unwrap(), Some(anchor));
        let rows = audit::rows(conn, own, i64::MIN, 9).await.unwrap();
        assert!(rows.iter().map(|row| row.sequence).eq(through + 1..=5));
        let targets = audit::targets(conn, own, i64::MIN, 9).await.unwrap();
        assert_eq!((targets.len(), targets[0].0), (rows.len() * 2, through + 1));
        // What is left follows the anchor.
        let records = audit::stretch(conn, own, &AuditFilter::default(), (0, 9), 9).await.unwrap();
        assert_eq!(records[0].previous_hash, Some(hash));
    }
    let mut connection = database.read().await;
    let conn = &mut connection.conn();
    assert_eq!(audit::head(conn, own).await.unwrap(), head);
    assert_eq!(audit::rows(conn, other, i64::MIN, 9).await.unwrap().len(), 5);
    assert_eq!(audit::targets(conn, other, i64::MIN, 9).await.unwrap().len(), 10);
    assert_eq!(audit::anchor(conn, other).await.unwrap(), None);
}

async fn an_older_event_behind_a_newer_one_is_not_the_start(database: &Database) {
    let (own, other) = (add_organization(database, 1).await, add_organization(database, 2).await);
    for at in [1000, 5000, 2000, 9000] {
        append(database, own, at).await;
    }
    append(database, other, 100).await;
    let mut connection = database.read().await;
    let conn = &mut connection.conn();
    for (moment, first) in [(0, Some(1)), (1000, Some(1)), (1001, Some(2)), (5001, Some(4)), (9001, None)] {
        assert_eq!(audit::first_since(conn, own, moment).await.unwrap(), first, "{moment}");
    }
    assert_eq!(audit::first_since(conn, other, 101).await.unwrap(), None);
}
