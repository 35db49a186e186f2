use keyward::cli::Exit;
use serde_json::{Value, json};

use crate::support::{is_accepted, keyward, ok};

fn retention(days: Option<u32>, last_run: &Value) -> Value {
    json!({"object": "organization.retention", "version": 2, "classes": [{"class": "audit_events", "keep_days": days,
        "default_keep_days": 365, "min_keep_days": 30, "max_keep_days": 36_500, "last_run": last_run}]})
}

fn preview(days: Option<u32>, count: i64) -> Value {
    let moment = (count > 0).then_some(1_795_225_196);
    json!({"object": "organization.retention.preview", "classes": [{"class": "audit_events", "keep_days": days,
        "cut_off": days.map(|_| 1_795_305_600), "count": count, "from": moment, "to": moment}]})
}

const SET: [&str; 5] = ["retention", "set", "audit_events", "--days", "90"];

#[tokio::test]
async fn what_is_kept_and_when_it_was_looked_after_is_shown() {
    let run = json!({"started_at": 1_795_225_196, "deleted": 1200, "from": 1, "to": 2, "problem": null});
    let seen = keyward(&["retention", "show"]).replies(ok(retention(Some(365), &run))).run().await;
    seen.assert_done();
    assert_eq!(seen.lines(), ["GET /v1/organization/retention"]);
    assert_eq!(
        seen.output,
        "CLASS         KEPT      LAST RUN              DELETED  PROBLEM\n\
         audit_events  365 days  2026-11-21 01:39:56Z     1200  -\n"
    );
    let never = keyward(&["retention", "show"]).replies(ok(retention(None, &Value::Null))).run().await;
    assert!(never.output.ends_with("audit_events  forever  never           -  -\n"), "{}", never.output);
    let raw = retention(None, &Value::Null);
    let json = keyward(&["retention", "show", "--json"]).replies(ok(&raw)).run().await;
    assert_eq!(json.output, format!("{raw}\n"));
}

#[tokio::test]
async fn a_preview_supposes_what_is_said() {
    let seen = keyward(&["retention", "preview"]).replies(ok(preview(Some(365), 0))).run().await;
    seen.assert_done();
    assert_eq!((seen.lines()[0], seen.requests[0].json()), ("POST /v1/organization/retention/preview", json!({})));
    assert_eq!(
        seen.output,
        "CLASS         KEPT      TO BE DELETED  FROM  TO\naudit_events  365 days              0  -     -\n"
    );
    let supposed = ["retention", "preview", "audit_events", "--days", "30"];
    let seen = keyward(&supposed).replies(ok(preview(Some(30), 7))).run().await;
    assert_eq!(seen.requests[0].json(), json!({"classes": [{"class": "audit_events", "keep_days": 30}]}));
    assert!(seen.output.contains("audit_events  30 days              7  2026-11-21 01:39:56Z"), "{}", seen.output);
    let forever = ["retention", "preview", "audit_events", "--forever"];
    let seen = keyward(&forever).replies(ok(preview(None, 0))).run().await;
    assert_eq!(seen.requests[0].json(), json!({"classes": [{"class": "audit_events", "keep_days": null}]}));
}

#[tokio::test]
async fn what_deletes_something_is_asked_about() {
    let (doomed, done) = (|| ok(preview(Some(90), 7)), || ok(retention(Some(90), &Value::Null)));
    let body = json!({"classes": [{"class": "audit_events", "keep_days": 90}]});
    let agreed = keyward(&SET).person_types("y\n").replies(doomed()).replies(done()).run().await;
    agreed.assert_done();
    assert_eq!(agreed.lines(), ["POST /v1/organization/retention/preview", "POST /v1/organization/retention"]);
    assert_eq!((agreed.requests[0].json(), agreed.requests[1].json()), (body.clone(), body.clone()));
    assert!(
        agreed.errors.contains("7 of them, from 2026-11-21 01:39:56Z to 2026-11-21 01:39:56Z"),
        "{}",
        agreed.errors
    );
    assert!(agreed.output.contains("90 days"), "{}", agreed.output);

    let refused = keyward(&SET).person_types("n\n").replies(doomed()).run().await;
    assert_eq!((refused.exit, refused.requests.len()), (Exit::Refused, 1));
    let unasked = keyward(&SET).replies(doomed()).run().await;
    assert_eq!((unasked.exit, unasked.requests.len()), (Exit::Usage, 1));
    assert!(unasked.errors.contains("--yes"), "{}", unasked.errors);

    let yes = keyward(&[&SET[..], &["--yes"]].concat()).replies(done()).run().await;
    yes.assert_done();
    assert_eq!((yes.lines(), yes.requests[0].json()), (vec!["POST /v1/organization/retention"], body));
    // What deletes nothing isn't asked about.
    let harmless = keyward(&["retention", "set", "audit_events", "--forever"]);
    let harmless = harmless.replies(ok(preview(None, 0))).replies(ok(retention(None, &Value::Null))).run().await;
    harmless.assert_done();
    assert_eq!(harmless.requests[1].json(), json!({"classes": [{"class": "audit_events", "keep_days": null}]}));
}

#[test]
fn a_decision_names_its_class_and_one_length() {
    assert!(is_accepted(&SET));
    for wrong in [
        &["retention", "set", "audit_events"][..],
        &["retention", "set", "--days", "90"],
        &["retention", "set", "spans", "--days", "90"],
        &["retention", "set", "audit_events", "--days", "90", "--forever"],
        &["retention", "set", "audit_events", "--days", "90d"],
        &["retention", "preview", "--days", "90"],
    ] {
        assert!(!is_accepted(wrong), "{wrong:?}");
    }
}
