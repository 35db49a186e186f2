//! `/v1/organization/retention`

use keyward_service::{audit::verify_export, retention};
use keyward_testkit::{ManualClock, TestApp};
use serde_json::{Value, json};

use crate::support::{check_versions, events};

keyward_testkit::on_both_databases!(
    retention_is_read_and_decided,
    every_mistake_is_named_and_changes_nothing,
    what_a_preview_counts_a_run_deletes,
);

const PATH: &str = "/v1/organization/retention";
const PREVIEW: &str = "/v1/organization/retention/preview";
const DAY: u64 = 24 * 60 * 60;

fn keep(days: impl Into<Value>) -> Value {
    json!({"classes": [{"class": "audit_events", "keep_days": days.into()}]})
}

async fn retention_is_read_and_decided(app: &TestApp) {
    let read = app.admin.get(PATH).await.ok();
    let expected = json!({
        "object": "organization.retention",
        "classes": [{"class": "audit_events", "keep_days": 365, "default_keep_days": 365, "min_keep_days": 30,
            "max_keep_days": 36_500, "last_run": null}],
        "version": 1,
    });
    assert_eq!(read, expected);
    for nothing in [json!({}), json!({"classes": null}), json!({"classes": []}), keep(365)] {
        assert_eq!(app.admin.post(PATH, nothing).await.ok(), expected);
    }
    let changed = app.admin.post(PATH, keep(90)).await.ok();
    assert_eq!((&changed["classes"][0]["keep_days"], &changed["version"]), (&json!(90), &json!(2)));
    let forever = app.admin.post(PATH, keep(Value::Null)).await.ok();
    assert_eq!((&forever["classes"][0]["keep_days"], &forever["version"]), (&json!(null), &json!(3)));
    assert_eq!(app.admin.get(PATH).await.ok(), forever);
    check_versions(&app.admin, PATH, &keep(30)).await;
    assert_eq!(app.stranger.get(PATH).await.ok(), expected, "another organization decides for itself");

    let log = events(app, "retention.updated").await;
    assert_eq!(log.len(), 3);
    let of = |days: Value| json!({"audit_events": {"keep_days": days}});
    assert_eq!((&log[2]["before"], &log[2]["after"]), (&of(json!(365)), &of(json!(90))));
    assert_eq!((&log[1]["before"], &log[1]["after"]), (&of(json!(90)), &of(json!(null))));
}

async fn every_mistake_is_named_and_changes_nothing(app: &TestApp) {
    let entry = |entry: Value| json!({"classes": [entry]});
    for path in [PATH, PREVIEW] {
        for days in [29, 0, -1, 36_501, i64::MAX] {
            app.admin.post(path, keep(days)).await.assert_error(400, "invalid_value", "classes[0].keep_days");
        }
        for (body, code, param) in [
            (keep("30"), "invalid_type", "classes[0].keep_days"),
            (keep(30.5), "invalid_type", "classes[0].keep_days"),
            (entry(json!({"class": "audit_events"})), "missing_required_parameter", "classes[0].keep_days"),
            (entry(json!({"keep_days": 30})), "missing_required_parameter", "classes[0].class"),
            (entry(json!({"class": "spans", "keep_days": 30})), "invalid_value", "classes[0].class"),
            (entry(json!({"class": "audit_events", "keep_days": 30, "x": 1})), "unknown_parameter", "classes[0].x"),
            (json!({"classes": {}}), "invalid_type", "classes"),
            (json!({"keep_days": 30}), "unknown_parameter", "keep_days"),
        ] {
            app.admin.post(path, body).await.assert_error(400, code, param);
        }
        let twice = json!({"classes": [keep(30)["classes"][0], keep(31)["classes"][0]]});
        app.admin.post(path, twice).await.assert_error(400, "invalid_value", "classes[1].class");
    }
    assert_eq!(app.admin.get(PATH).await.ok()["version"], 1);
    assert!(events(app, "retention.*").await.is_empty());
}

async fn what_a_preview_counts_a_run_deletes(app: &TestApp) {
    const LOG: &str = "/v1/organization/audit_logs";
    app.project("Old").await;
    app.clock.advance(40 * DAY);
    app.project("New").await;
    let none = app.admin.post(PREVIEW, json!({})).await.ok();
    let year = ManualClock::START - 325 * 86_400;
    let expected = json!({"object": "organization.retention.preview", "classes": [{"class": "audit_events",
        "keep_days": 365, "cut_off": year, "count": 0, "from": null, "to": null}]});
    assert_eq!(none, expected);
    let some = app.admin.post(PREVIEW, keep(30)).await.ok();
    let start = ManualClock::START;
    let expected = json!({"object": "organization.retention.preview", "classes": [{"class": "audit_events",
        "keep_days": 30, "cut_off": start + 10 * 86_400, "count": 4, "from": start, "to": start}]});
    assert_eq!(some, expected);
    let forever = app.admin.post(PREVIEW, keep(Value::Null)).await.ok();
    assert_eq!((&forever["classes"][0]["cut_off"], &forever["classes"][0]["count"]), (&json!(null), &json!(0)));

    app.admin.post(PATH, keep(30)).await.ok();
    retention::run_due(&app.server.keyward).await.unwrap();
    let after = app.admin.get(PATH).await.ok();
    let now = start + 40 * 86_400;
    let run = json!({"started_at": now, "deleted": 4, "from": start, "to": start, "problem": null});
    assert_eq!(after["classes"][0]["last_run"], run);
    assert_eq!(app.admin.post(PREVIEW, json!({})).await.ok()["classes"][0]["count"], 0);
    let executed = events(app, "retention.executed").await;
    assert_eq!((executed.len(), &executed[0]["actor"]["type"]), (1, &json!("system")));
    assert_eq!(executed[0]["after"]["deleted"], 4);

    // What is left is proven, and said to begin later.
    let proof = app.admin.get(&format!("{LOG}/verify")).await.ok();
    assert_eq!((&proof["valid"], &proof["first_sequence"], &proof["events"]), (&json!(true), &json!(5), &json!(3)));
    assert_eq!((&proof["anchor"]["sequence"], &proof["head"]["sequence"]), (&json!(4), &json!(7)));
    let export = app.admin.get(&format!("{LOG}/export")).await.text().into_owned();
    let key = app.server.keyward.audit_public_key().into();
    let proven = verify_export(export.as_bytes(), Some(&key)).unwrap();
    assert!(proven.holds() && proven.begins_at_anchor(), "{proven:?}");
    // The other organization's log is younger than it decided.
    let theirs = app.stranger.get(&format!("{LOG}/verify")).await.ok();
    assert_eq!(
        (&theirs["valid"], &theirs["first_sequence"], &theirs["anchor"]),
        (&json!(true), &json!(1), &json!(null))
    );
}
