//! How long data is kept: who decides it, what a run deletes, and that nothing
//! that somebody touched is ever deleted.
#![cfg(test)]

mod support;

use std::time::Duration;

use keyward_domain::{
    Timestamp,
    audit::{AuditEvent, Outcome},
    clock::from_millis,
    hex::to_hex,
    page::{Order, Page},
    permission::Permission,
    retention::{DataClass, Keep, RetentionRun, RetentionSettings},
};
use keyward_service::{
    Error,
    audit::{
        self, AuditQuery, AuditRecord, ExportFormat, ListAuditEvents, Reason, Verification, verify_database,
        verify_export,
    },
    project::{self, UpdateProject},
    retention,
    retention::UpdateRetention,
};
use keyward_store::Pool;
use serde_json::json;
use sqlx::{AssertSqlSafe, SqlitePool};
use support::House;

const CLASS: DataClass = DataClass::AuditEvents;
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

fn decided(keep: Keep) -> RetentionSettings {
    let mut settings = RetentionSettings::default();
    settings.set(CLASS, keep);
    settings
}

async fn decide(house: &House, keep: Keep) -> retention::Retention {
    let command = UpdateRetention { settings: decided(keep), expected_version: None };
    retention::update(&house.keyward, &house.owner(), command).await.unwrap()
}

async fn run(house: &House) -> Option<RetentionRun> {
    retention::run(&house.keyward, house.organization).await.unwrap()
}

/// What was deleted by a run that must begin.
async fn deleted(house: &House) -> i64 {
    let run = run(house).await.expect("it is its turn");
    assert_eq!(run.problem, None);
    run.deleted
}

async fn events(house: &House) -> Vec<AuditRecord> {
    let page = Page { limit: 100, order: Order::Asc, cursor: None };
    let command = ListAuditEvents { query: AuditQuery::default(), page };
    audit::list(&house.keyward, &house.owner(), command).await.unwrap().data
}

async fn types(house: &House) -> Vec<String> {
    events(house).await.into_iter().map(|record| record.event.event_type).collect()
}

async fn proven(house: &House) -> Verification {
    let proven = audit::verify(&house.keyward, &house.owner()).await.unwrap();
    let offline = verify_database(&house.pool).await.unwrap();
    assert!(offline.contains(&proven), "{offline:?}");
    proven
}

/// Three events at the start, three ten days later, then 35 days pass.
async fn house() -> House {
    let house = House::new().await;
    for at in 0..6 {
        if at == 3 {
            house.clock.advance(10 * DAY);
        }
        house.project(&format!("Project {at}")).await;
    }
    house.clock.advance(35 * DAY);
    house
}

fn database(house: &House) -> &SqlitePool {
    match &house.pool {
        Pool::Sqlite { write, .. } => write,
        Pool::Postgres(_) => unreachable!("a house stands on SQLite"),
    }
}

async fn tamper(house: &House, sql: &str) {
    for statement in sql.split(';') {
        sqlx::query(AssertSqlSafe(statement.to_owned()))
            .bind(house.organization.uuid())
            .execute(database(house))
            .await
            .unwrap();
    }
}

/// Many old events.
async fn add_old_events(house: &House, count: usize) {
    let busy = house.project("Busy").await.id;
    for number in 1..count {
        let description = Some(number.to_string());
        let command = UpdateProject { name: None, description, model_permissions: None, expected_version: None };
        project::update(&house.keyward, &house.owner(), busy, command).await.unwrap();
    }
}

#[tokio::test]
async fn an_organization_keeps_its_audit_log_for_a_year_unless_it_decides_otherwise() {
    let house = House::new().await;
    let found = retention::find(&house.keyward, &house.owner()).await.unwrap();
    assert_eq!((found.settings.keep(CLASS), found.version, found.last_run(CLASS)), (Keep::Days(365), 1, None));
    let changed = decide(&house, Keep::Days(40)).await;
    assert_eq!((changed.settings.keep(CLASS), changed.version), (Keep::Days(40), 2));
    assert_eq!(retention::find(&house.keyward, &house.owner()).await.unwrap(), changed);
    // What changes nothing leaves no trace.
    assert_eq!(decide(&house, Keep::Days(40)).await, changed);
    assert_eq!(decide(&house, Keep::Forever).await.version, 3);
    let events = events(&house).await;
    let states: Vec<_> =
        events.iter().map(|record| (record.event.before.clone(), record.event.after.clone())).collect();
    let kept = |days: Option<u32>| json!({"audit_events": {"keep_days": days}});
    assert_eq!(states, [(kept(Some(365)), kept(Some(40))), (kept(Some(40)), kept(None))]);
    assert!(events.iter().all(|record| record.event.event_type == "retention.updated"));
    let stranger = house.stranger("Second").await;
    let theirs = retention::find(&house.keyward, &stranger).await.unwrap();
    assert_eq!((theirs.settings.keep(CLASS), theirs.version), (Keep::Days(365), 1));
}

#[tokio::test]
async fn reading_and_deciding_take_a_permission_each() {
    let house = House::new().await;
    let (reader, manager) = (
        house.holder_of(&[Permission::RetentionRead, Permission::AuditRead]),
        house.holder_of(&[Permission::RetentionManage]),
    );
    let command = || UpdateRetention { settings: decided(Keep::Days(30)), expected_version: None };
    let lacks = |error: Option<Error>, permission| matches!(error, Some(Error::Denied(denied)) if denied.permission == permission);
    retention::find(&house.keyward, &reader).await.unwrap();
    retention::preview(&house.keyward, &reader, &decided(Keep::Days(30))).await.unwrap();
    assert!(lacks(retention::update(&house.keyward, &reader, command()).await.err(), Permission::RetentionManage));
    assert!(lacks(retention::find(&house.keyward, &manager).await.err(), Permission::RetentionRead));
    let preview = retention::preview(&house.keyward, &manager, &RetentionSettings::default()).await;
    assert!(lacks(preview.err(), Permission::RetentionRead));
    retention::update(&house.keyward, &manager, command()).await.unwrap();
}

#[tokio::test]
async fn a_stale_decision_is_refused() {
    let house = House::new().await;
    decide(&house, Keep::Days(40)).await;
    let command = UpdateRetention { settings: decided(Keep::Days(30)), expected_version: Some(1) };
    let refused = retention::update(&house.keyward, &house.owner(), command).await;
    assert!(matches!(refused, Err(Error::Stale { present: 2 })), "{refused:?}");
}

#[tokio::test]
async fn what_is_too_old_goes_and_the_rest_is_proven_from_there_on() {
    let house = house().await;
    assert_eq!(deleted(&house).await, 0, "a year isn't over");
    decide(&house, Keep::Days(40)).await;
    assert_eq!(run(&house).await, None, "it ran within the hour");
    house.clock.advance(HOUR);
    let at_start = from_millis(1_767_225_600_000);
    let run = run(&house).await.unwrap();
    let expected = RetentionRun {
        started_at: house.keyward.now(),
        deleted: 3,
        from: Some(at_start),
        to: Some(at_start),
        problem: None,
    };
    assert_eq!(run, expected);
    let found = retention::find(&house.keyward, &house.owner()).await.unwrap();
    assert_eq!(found.last_run(CLASS), Some(&expected));

    let left = events(&house).await;
    let types: Vec<_> = left.iter().map(|record| record.event.event_type.as_str()).collect();
    assert_eq!(
        types,
        ["project.created", "project.created", "project.created", "retention.updated", "retention.executed"]
    );
    let proven = proven(&house).await;
    assert!(proven.holds() && proven.is_partial() && proven.begins_at_anchor(), "{proven:?}");
    assert_eq!((proven.first_sequence, proven.events), (4, 5));
    let anchor = proven.anchor.unwrap();
    assert_eq!((anchor.sequence, left[0].previous_hash), (3, Some(anchor.hash)));
    let executed = &left[4].event;
    assert_eq!((executed.actor.kind.as_str(), executed.outcome), ("system", Outcome::Success));
    assert_eq!(executed.targets, [house.organization.to_string()]);
    assert_eq!(
        executed.after,
        json!({"class": "audit_events", "keep_days": 40, "deleted": 3, "first_sequence": 1, "last_sequence": 3,
            "last_hash": to_hex(&anchor.hash), "from": at_start.as_second(), "to": at_start.as_second()})
    );

    // All day long there is nothing more to do; six days later there is.
    house.clock.advance(HOUR);
    assert_eq!(deleted(&house).await, 0);
    house.clock.advance(6 * DAY);
    assert_eq!(deleted(&house).await, 3);
    assert!(self::proven(&house).await.holds());
}

#[tokio::test]
async fn another_organization_keeps_what_it_has() {
    let house = house().await;
    let stranger = house.stranger("Second").await;
    house.project_of(&stranger, "Theirs").await;
    house.clock.advance(60 * DAY);
    decide(&house, Keep::Days(30)).await;
    retention::run_due(&house.keyward).await.unwrap();
    let theirs = audit::verify(&house.keyward, &stranger).await.unwrap();
    assert_eq!((theirs.holds(), theirs.events, theirs.anchor), (true, 1, None));
    let run = retention::find(&house.keyward, &stranger).await.unwrap().last_run(CLASS).cloned();
    assert_eq!(run, Some(RetentionRun::begun(house.keyward.now())));
    assert_eq!(types(&house).await, ["retention.updated", "retention.executed"]);
}

#[tokio::test]
async fn a_log_that_is_too_old_as_a_whole_goes_on_behind_its_anchor() {
    let house = house().await;
    house.clock.advance(400 * DAY);
    assert_eq!(deleted(&house).await, 6);
    assert_eq!(types(&house).await, ["retention.executed"]);
    let proven = proven(&house).await;
    assert_eq!((proven.holds(), proven.first_sequence, proven.events), (true, 7, 1));
    house.project("After that").await;
    assert!(self::proven(&house).await.holds());
    // And again, a year later: the anchor moves.
    house.clock.advance(366 * DAY);
    assert_eq!(deleted(&house).await, 2);
    assert_eq!(self::proven(&house).await.first_sequence, 9);
}

#[tokio::test]
async fn what_is_kept_forever_is_not_even_looked_at() {
    let house = house().await;
    decide(&house, Keep::Forever).await;
    house.clock.advance(30_000 * DAY);
    assert_eq!(run(&house).await, None);
    assert_eq!(events(&house).await.len(), 7);
}

#[tokio::test]
async fn a_preview_tells_what_a_run_then_does() {
    let house = house().await;
    let preview = async |supposed: &RetentionSettings| {
        let mut previews = retention::preview(&house.keyward, &house.owner(), supposed).await.unwrap();
        (previews.len() == 1).then(|| previews.remove(0)).unwrap()
    };
    let second = |second: i64| Timestamp::from_second(1_767_225_600 + second).ok();
    let present = preview(&RetentionSettings::default()).await;
    assert_eq!((present.keep, present.count, present.from, present.to), (Keep::Days(365), 0, None, None));
    let forever = preview(&decided(Keep::Forever)).await;
    assert_eq!((forever.cut_off, forever.count), (None, 0));
    let some = preview(&decided(Keep::Days(40))).await;
    assert_eq!((some.cut_off, some.count, some.from, some.to), (second(5 * 86_400), 3, second(0), second(0)));
    let all = preview(&decided(Keep::Days(30))).await;
    assert_eq!((all.count, all.from, all.to), (6, second(0), second(10 * 86_400)));
    assert_eq!(events(&house).await.len(), 6, "nothing is changed");

    decide(&house, Keep::Days(40)).await;
    assert_eq!(preview(&RetentionSettings::default()).await, some);
    assert_eq!(deleted(&house).await, 3);
    assert_eq!(preview(&RetentionSettings::default()).await.count, 0);
    assert_eq!(preview(&decided(Keep::Days(30))).await.count, 3);
}

#[tokio::test]
async fn a_log_that_somebody_touched_loses_nothing() {
    let of = "WHERE organization_id = $1 AND sequence";
    for (sql, reason) in [
        // In what would be deleted, and in what would not.
        (format!("UPDATE audit_events SET event = replace(event, 'Project 1', 'Project 9') {of} = 2"), "changed"),
        (format!("UPDATE audit_events SET event = replace(event, 'Project 5', 'Project 9') {of} = 6"), "changed"),
        (format!("UPDATE audit_events SET at = 0 {of} = 6"), "column_changed"),
        (format!("UPDATE audit_events SET hash = x'00' {of} = 1"), "changed"),
        (format!("DELETE FROM audit_events {of} = 1"), "missing"),
        (format!("DELETE FROM audit_targets {of} = 2"), "targets_changed"),
        (
            "INSERT INTO audit_anchors (organization_id, sequence, hash, signature) SELECT organization_id, 1, hash, zeroblob(64)
                FROM audit_events WHERE organization_id = $1 AND sequence = 1;
            DELETE FROM audit_events WHERE organization_id = $1 AND sequence = 1"
                .into(),
            "anchor_forged",
        ),
    ] {
        let house = house().await;
        decide(&house, Keep::Days(40)).await;
        tamper(&house, &sql).await;
        let before = count(&house).await;
        let run = run(&house).await.unwrap();
        let problem = run.problem.as_deref().unwrap();
        assert!(problem.starts_with("The audit log isn't what was written: event "), "{problem}");
        assert_eq!((run.deleted, count(&house).await), (0, before + 1), "{sql}: only the event of the failure is new");
        let found = retention::find(&house.keyward, &house.owner()).await.unwrap();
        assert_eq!(found.last_run(CLASS), Some(&run));
        let failed = last_event(&house).await;
        assert_eq!((failed.event_type.as_str(), failed.outcome), ("retention.failed", Outcome::Failed));
        assert_eq!((&failed.after["reason"], &failed.after["class"]), (&json!(reason), &json!("audit_events")), "{sql}");
        // It is tried again, and said once.
        house.clock.advance(HOUR);
        assert_eq!(self::run(&house).await.unwrap().problem, run.problem);
        assert_eq!(count(&house).await, before + 1);
        assert!(!audit::verify(&house.keyward, &house.owner()).await.unwrap().holds());
    }
}

#[tokio::test]
async fn a_log_without_a_genuine_end_loses_nothing() {
    let house = house().await;
    decide(&house, Keep::Days(40)).await;
    tamper(&house, "UPDATE audit_heads SET signature = zeroblob(64) WHERE organization_id = $1").await;
    assert_eq!(run(&house).await.unwrap().deleted, 0);
    assert_eq!(last_event(&house).await.after["reason"], "head_forged");
    assert_eq!(count(&house).await, 8);
    house.clock.advance(HOUR);
    assert!(run(&house).await.unwrap().problem.is_some(), "what was changed isn't signed over");
    assert_eq!(count(&house).await, 8, "it is said once");
}

async fn count(house: &House) -> i64 {
    sqlx::query_scalar("SELECT COUNT(*) FROM audit_events WHERE organization_id = $1")
        .bind(house.organization.uuid())
        .fetch_one(database(house))
        .await
        .unwrap()
}

async fn last_event(house: &House) -> AuditEvent {
    let text: String =
        sqlx::query_scalar("SELECT event FROM audit_events WHERE organization_id = $1 ORDER BY sequence DESC LIMIT 1")
            .bind(house.organization.uuid())
            .fetch_one(database(house))
            .await
            .unwrap();
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn what_was_put_right_is_carried_out_again() {
    let house = house().await;
    decide(&house, Keep::Days(40)).await;
    tamper(&house, "UPDATE audit_events SET ip = '192.0.2.1' WHERE organization_id = $1 AND sequence = 2").await;
    assert!(run(&house).await.unwrap().problem.is_some());
    tamper(&house, "UPDATE audit_events SET ip = NULL WHERE organization_id = $1 AND sequence = 2").await;
    house.clock.advance(HOUR);
    assert_eq!(deleted(&house).await, 3);
    let found = retention::find(&house.keyward, &house.owner()).await.unwrap();
    assert_eq!(found.last_run(CLASS).unwrap().problem, None);
    assert!(proven(&house).await.holds());
}

#[tokio::test]
async fn a_problem_is_over_when_nothing_is_to_be_deleted_any_more() {
    let house = house().await;
    decide(&house, Keep::Days(40)).await;
    tamper(&house, "UPDATE audit_events SET ip = '192.0.2.1' WHERE organization_id = $1 AND sequence = 2").await;
    assert!(run(&house).await.unwrap().problem.is_some());
    decide(&house, Keep::Days(90)).await;
    house.clock.advance(HOUR);
    assert_eq!(deleted(&house).await, 0);
    let found = retention::find(&house.keyward, &house.owner()).await.unwrap();
    assert_eq!(found.last_run(CLASS).unwrap().problem, None);
}

#[tokio::test]
async fn nobody_else_removes_the_start_of_a_chain() {
    let house = house().await;
    decide(&house, Keep::Days(40)).await;
    assert_eq!(deleted(&house).await, 3);
    let of = "WHERE organization_id = $1";
    let untouched = proven(&house).await;
    assert!(untouched.holds());
    for (number, (sql, expected)) in [
        (format!("DELETE FROM audit_events {of} AND sequence = 4"), (4, Reason::Missing { found: 5 })),
        // The hash of an event that is there, with the old signature, or with a head's.
        (
            format!(
                "UPDATE audit_anchors SET sequence = 4, hash = (SELECT hash FROM audit_events {of} AND sequence = 4) {of};
                DELETE FROM audit_events {of} AND sequence = 4"
            ),
            (1, Reason::AnchorForged),
        ),
        (
            format!(
                "UPDATE audit_anchors SET sequence = (SELECT sequence FROM audit_heads {of}),
                    hash = (SELECT hash FROM audit_heads {of}), signature = (SELECT signature FROM audit_heads {of}) {of};
                DELETE FROM audit_events {of}"
            ),
            (1, Reason::AnchorForged),
        ),
        (format!("UPDATE audit_anchors SET hash = x'00' {of}"), (1, Reason::AnchorForged)),
        (format!("UPDATE audit_anchors SET sequence = 9223372036854775807 {of}"), (1, Reason::AnchorForged)),
        (format!("DELETE FROM audit_anchors {of}"), (1, Reason::Missing { found: 4 })),
        (
            format!(
                "UPDATE audit_events SET sequence = 2 {of} AND sequence = 4;
                UPDATE audit_targets SET sequence = 2 {of} AND sequence = 4"
            ),
            (4, Reason::Missing { found: 2 }),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let copy = house.path().join(format!("copy{number}.db"));
        sqlx::query("VACUUM INTO $1").bind(copy.to_str().unwrap()).execute(database(&house)).await.unwrap();
        let other = Pool::open_sqlite(&copy).await.unwrap();
        let Pool::Sqlite { write, .. } = &other else { unreachable!("it is a file") };
        assert_eq!(verify_database(&other).await.unwrap(), std::slice::from_ref(&untouched));
        for statement in sql.split(';') {
            let statement = sqlx::query(AssertSqlSafe(statement.to_owned())).bind(house.organization.uuid());
            statement.execute(write).await.unwrap();
        }
        let broken = verify_database(&other).await.unwrap().remove(0).broken.unwrap();
        assert_eq!((broken.sequence, broken.reason), expected, "{sql}");
        other.close().await;
    }
}

async fn export(house: &House, query: AuditQuery) -> String {
    let mut export = audit::export(&house.keyward, &house.owner(), query, ExportFormat::Jsonl).await.unwrap();
    let mut text = Vec::new();
    while let Some(piece) = export.next().await.unwrap() {
        text.extend(piece);
    }
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn an_export_of_what_is_left_is_proven_with_its_anchor() {
    let house = house().await;
    decide(&house, Keep::Days(40)).await;
    assert_eq!(deleted(&house).await, 3);
    let key = house.keyward.audit_public_key().into();
    let text = export(&house, AuditQuery::default()).await;
    let whole = verify_export(text.as_bytes(), Some(&key)).unwrap();
    assert_eq!(whole, proven(&house).await);
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        let verification = verify_export(bytes.as_slice(), None).unwrap();
        assert!(!verification.holds(), "byte {at}: {}", String::from_utf8_lossy(&bytes));
    }
    // From some moment on, the anchor lies before what is left out.
    let from = Timestamp::from_second(1_767_225_600 + 45 * 86_400).ok();
    let text = export(&house, AuditQuery { from, ..AuditQuery::default() }).await;
    let part = verify_export(text.as_bytes(), Some(&key)).unwrap();
    assert_eq!((part.holds(), part.first_sequence, part.begins_at_anchor()), (true, 7, false));
}

#[tokio::test]
async fn an_anchor_that_says_that_events_are_gone_which_are_there_is_not_this_exports() {
    let house = house().await;
    decide(&house, Keep::Days(40)).await;
    assert_eq!(deleted(&house).await, 3);
    let text = export(&house, AuditQuery::default()).await;
    house.clock.advance(20 * DAY);
    assert_eq!(deleted(&house).await, 3);
    let newer = export(&house, AuditQuery::default()).await;
    let last = |text: &str| serde_json::from_str::<serde_json::Value>(text.lines().last().unwrap()).unwrap();
    let mut line = last(&text);
    line["anchor"] = last(&newer)["anchor"].clone();
    let events: String = text.split_inclusive('\n').filter(|line| line.starts_with("{\"event\"")).collect();
    let broken = verify_export(format!("{events}{line}\n").as_bytes(), None).unwrap().broken.unwrap();
    assert_eq!((broken.sequence, broken.reason), (4, Reason::AnchorDiffers));
}

#[tokio::test]
async fn an_export_that_retention_overtakes_breaks_off() {
    let house = House::new().await;
    house.project("First").await;
    add_old_events(&house, 700).await;
    house.project("Last").await;
    house.clock.advance(400 * DAY);
    let mut export =
        audit::export(&house.keyward, &house.owner(), AuditQuery::default(), ExportFormat::Csv).await.unwrap();
    export.next().await.unwrap().unwrap();
    assert_eq!(deleted(&house).await, 702);
    let refused = export.next().await;
    assert!(matches!(refused, Err(Error::Conflict { code: "export_overtaken", .. })), "{refused:?}");
}

#[tokio::test]
async fn much_goes_in_segments_and_what_breaks_off_goes_on_later() {
    let house = House::new().await;
    house.project("First").await;
    add_old_events(&house, 1100).await;
    house.project("Signed").await;
    house.clock.advance(400 * DAY);
    house.project("Kept").await;
    // The disk breaks in the third segment.
    let breaks = "CREATE TRIGGER breaks BEFORE DELETE ON audit_events WHEN OLD.sequence = 1050 BEGIN SELECT RAISE(ABORT, 'broken'); END";
    sqlx::query(breaks).execute(database(&house)).await.unwrap();
    let broken_off = retention::run(&house.keyward, house.organization).await;
    assert!(matches!(broken_off, Err(Error::Store(_))), "{broken_off:?}");
    assert_eq!(count(&house).await, 103 + 2, "two segments are gone, and each wrote an event");
    let proven = proven(&house).await;
    assert_eq!((proven.holds(), proven.first_sequence), (true, 1001));
    let found = retention::find(&house.keyward, &house.owner()).await.unwrap();
    assert_eq!(found.last_run(CLASS).unwrap().deleted, 1000);

    sqlx::query("DROP TRIGGER breaks").execute(database(&house)).await.unwrap();
    let house = house.reopened().await;
    house.clock.advance(HOUR);
    assert_eq!(deleted(&house).await, 102);
    assert_eq!(
        types(&house).await,
        ["project.created", "retention.executed", "retention.executed", "retention.executed"]
    );
    assert!(self::proven(&house).await.holds());
}

/// 1,102 events of which all but the last decision are too old, and what the
/// database does by itself once the first segment is gone.
async fn house_with_trigger(action: &str) -> House {
    let house = House::new().await;
    house.project("First").await;
    add_old_events(&house, 1100).await;
    house.project("Signed").await;
    house.clock.advance(100 * DAY);
    decide(&house, Keep::Days(40)).await;
    let trigger = format!("CREATE TRIGGER first AFTER INSERT ON audit_anchors BEGIN {action}; END");
    sqlx::query(AssertSqlSafe(trigger)).execute(database(&house)).await.unwrap();
    house
}

#[tokio::test]
async fn a_decision_to_keep_for_longer_stops_a_run_that_is_under_way() {
    for longer in ["NULL", "200"] {
        let house = house_with_trigger(&format!("UPDATE retention_settings SET keep_days = {longer}")).await;
        assert_eq!(deleted(&house).await, 500);
        assert_eq!(count(&house).await, 602 + 2);
        assert!(proven(&house).await.holds());
    }
}

#[tokio::test]
async fn what_is_touched_while_a_run_is_under_way_stays() {
    let house = house_with_trigger("UPDATE audit_events SET ip = '192.0.2.1' WHERE sequence = 700").await;
    let run = run(&house).await.unwrap();
    assert_eq!(run.deleted, 500);
    assert!(run.problem.is_some_and(|problem| problem.contains("event 700 ")), "it is named");
    // The decision, one segment, and the failure.
    assert_eq!(count(&house).await, 602 + 3);
    let broken = audit::verify(&house.keyward, &house.owner()).await.unwrap().broken.unwrap();
    assert_eq!((broken.sequence, broken.reason), (700, Reason::Column("ip")));
}

#[tokio::test]
async fn two_nodes_at_once_delete_once() {
    let house = House::new().await;
    house.project("First").await;
    add_old_events(&house, 1100).await;
    house.project("Signed").await;
    house.clock.advance(400 * DAY);
    let neighbour = house.neighbour().await;
    let (one, other) = tokio::join!(
        retention::run(&house.keyward, house.organization),
        retention::run(&neighbour, house.organization)
    );
    let runs = [one.unwrap(), other.unwrap()];
    assert_eq!(runs.iter().flatten().map(|run| run.deleted).collect::<Vec<_>>(), [1102], "{runs:?}");
    assert_eq!(types(&house).await, ["retention.executed"; 3]);
    assert!(proven(&house).await.holds());
}

#[tokio::test]
async fn a_decision_that_nobody_can_have_made_deletes_nothing() {
    let house = house().await;
    decide(&house, Keep::Days(40)).await;
    tamper(&house, "UPDATE retention_settings SET keep_days = 0 WHERE organization_id = $1").await;
    let refused = retention::run(&house.keyward, house.organization).await;
    assert!(matches!(refused, Err(Error::Store(_))), "{refused:?}");
    assert_eq!(events(&house).await.len(), 7);
}
