use serde_json::{Value, json};

use crate::support::{is_accepted, keyward, ok};

fn alert() -> Value {
    json!({"object": "project.spend_alert", "id": "alert_1", "threshold_amount": 2550, "currency": "USD",
        "interval": "month", "delivery": {"status": "mail_not_configured"}, "last_notified_at": null,
        "notification_channel": {"type": "email", "recipients": ["ada@example.com", "bob@example.com"],
            "subject_prefix": "[Money]"},
        "created_at": 1_795_225_196, "updated_at": 1_795_225_196, "version": 1})
}

#[tokio::test]
async fn an_alert_is_made_of_dollars_and_addresses() {
    let to = ["--to", "ada@example.com", "--to", "bob@example.com"];
    let create = ["spend-alerts", "create", "--threshold", "25.50", "--subject-prefix", "[Money]"];
    let seen = keyward(&[create.as_slice(), &to, &["--project", "proj_1"]].concat()).replies(ok(alert())).run().await;
    seen.assert_done();
    assert_eq!(seen.lines(), ["POST /v1/organization/projects/proj_1/spend_alerts"]);
    let channel = json!({"type": "email", "recipients": ["ada@example.com", "bob@example.com"],
        "subject_prefix": "[Money]"});
    assert_eq!(
        seen.requests[0].json(),
        json!({"threshold_amount": 2550, "currency": "USD", "interval": "month", "notification_channel": channel})
    );
    assert!(seen.output.contains("25.50") && seen.output.contains("never: no mail server is set"), "{}", seen.output);
    let page =
        json!({"object": "list", "data": [alert()], "first_id": "alert_1", "last_id": "alert_1", "has_more": false});
    let listed = keyward(&["spend-alerts", "list"]).replies(ok(&page)).run().await;
    listed.assert_done();
    assert_eq!(listed.lines(), ["GET /v1/organization/spend_alerts"]);
    assert!(listed.output.contains("ada@example.com bob@example.com"), "{}", listed.output);
}

#[tokio::test]
async fn an_alert_is_changed_as_a_whole_and_deleted() {
    let update = keyward(&["spend-alerts", "update", "alert_1", "--to", "eve@example.com"]);
    let seen = update.replies(ok(alert())).replies(ok(alert())).run().await;
    seen.assert_done();
    let sent = seen.requests[1].json();
    assert_eq!((&sent["threshold_amount"], &sent["currency"]), (&json!(2550), &json!("USD")));
    let channel = json!({"type": "email", "recipients": ["eve@example.com"], "subject_prefix": "[Money]"});
    assert_eq!(sent["notification_channel"], channel);
    let delete = keyward(&["spend-alerts", "delete", "alert_1", "--project", "proj_1"]).person_types("YES\n");
    let gone = json!({"object": "project.spend_alert.deleted", "id": "alert_1", "deleted": true});
    let seen = delete.replies(ok(alert())).replies(ok(gone)).run().await;
    seen.assert_done();
    assert_eq!(seen.lines().last().copied(), Some("DELETE /v1/organization/projects/proj_1/spend_alerts/alert_1"));
}

#[test]
fn what_is_no_threshold_is_wrong_usage() {
    let create = |threshold| is_accepted(&["spend-alerts", "create", "--threshold", threshold, "--to", "a@b.example"]);
    assert!(create("0") && create("25.5") && create("1000000000"));
    assert!(!create("0.005") && !create("lots") && !create("1000000001"));
    assert!(!is_accepted(&["spend-alerts", "create", "--threshold", "5"]));
}
