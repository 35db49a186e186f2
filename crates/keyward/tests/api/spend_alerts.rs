//! `…/spend_alerts`: whom to tell by mail once so much is spent in a month.

use std::collections::BTreeSet;

use keyward_testkit::{Actor, ManualClock, TestApp};
use serde_json::{Value, json};

use crate::support::{check_idempotency, check_versions, events, id, ids};

keyward_testkit::on_both_databases!(
    an_alert_answers_all_its_fields,
    what_an_alert_is_made_of_is_checked,
    lists_have_pages,
    ids_that_name_nothing_here_are_not_found,
    alerts_have_permissions_of_their_own,
);

mod mailed {
    keyward_testkit::on_both_databases!(on Mailing: what_calls_cost_is_told_once,
        a_mail_that_the_server_doesnt_take_comes_later,);

    use super::{a_mail_that_the_server_doesnt_take_comes_later, what_calls_cost_is_told_once};
}

const ORGANIZATION: &str = "/v1/organization/spend_alerts";

fn body(cents: i64, recipients: &[&str]) -> Value {
    json!({"threshold_amount": cents, "currency": "USD", "interval": "month",
        "notification_channel": {"type": "email", "recipients": recipients}})
}

fn to_ada(cents: i64) -> Value {
    body(cents, &["ada@example.com"])
}

async fn an_alert_answers_all_its_fields(app: &TestApp) {
    let of_project = format!("{}/spend_alerts", app.project("Project").await);
    for (path, object) in [(of_project.as_str(), "project.spend_alert"), (ORGANIZATION, "organization.spend_alert")] {
        let mut sent = body(2500, &[" Ada@Example.com ", "bob@example.com"]);
        sent["notification_channel"]["subject_prefix"] = json!("  [Money] ");
        let made = app.admin.post(path, sent).await.ok();
        let expected = json!({
            "object": object, "id": id(&made), "threshold_amount": 2500, "currency": "USD", "interval": "month",
            "notification_channel": {"type": "email", "recipients": ["ada@example.com", "bob@example.com"],
                "subject_prefix": "[Money]"},
            "delivery": {"status": "mail_not_configured"}, "last_notified_at": null,
            "created_at": ManualClock::START, "updated_at": ManualClock::START, "version": 1,
        });
        assert_eq!(made, expected);
        assert!(id(&made).starts_with("alert_"));
        let alert = format!("{path}/{}", id(&made));
        assert_eq!(app.admin.get(&alert).await.ok(), expected);
        assert_eq!(ids(&app.admin.get(path).await.ok()), [id(&made)]);
        let edited = app.admin.post(&alert, to_ada(0)).await.ok();
        assert_eq!((&edited["threshold_amount"], &edited["version"]), (&json!(0), &json!(2)));
        let channel = json!({"type": "email", "recipients": ["ada@example.com"], "subject_prefix": null});
        assert_eq!(edited["notification_channel"], channel);
        check_versions(&app.admin, &alert, &to_ada(7)).await;
        let gone = app.admin.delete(&alert).await.ok();
        assert_eq!(gone, json!({"object": format!("{object}.deleted"), "id": id(&made), "deleted": true}));
        assert_eq!(app.admin.delete(&alert).await.status, 404);
        for event in ["spend_alert.created", "spend_alert.updated", "spend_alert.deleted"] {
            assert_eq!(events(app, event).await[0][event]["id"], id(&made), "{event}");
        }
        let changes = &events(app, "spend_alert.updated").await[1]["spend_alert.updated"]["changes_requested"];
        assert_eq!((&changes["threshold_cents"], &changes["recipients"]), (&json!(0), &json!(["ada@example.com"])));
    }
}

async fn what_an_alert_is_made_of_is_checked(app: &TestApp) {
    let path = format!("{}/spend_alerts", app.project("Project").await);
    let with = |field: &str, value: Value| {
        let mut body = to_ada(100);
        body[field] = value;
        body
    };
    let channel = |field: &str, value: Value| {
        let mut body = to_ada(100);
        body["notification_channel"][field] = value;
        body
    };
    let without = |field: &str| {
        let mut body = to_ada(100);
        body.as_object_mut().unwrap().remove(field);
        body
    };
    let many: Vec<_> = (0..21).map(|number| format!("{number}@example.com")).collect();
    for (body, code, param) in [
        (without("threshold_amount"), "missing_required_parameter", "threshold_amount"),
        (without("currency"), "missing_required_parameter", "currency"),
        (without("interval"), "missing_required_parameter", "interval"),
        (without("notification_channel"), "missing_required_parameter", "notification_channel"),
        (with("threshold_amount", json!(-1)), "invalid_value", "threshold_amount"),
        (with("threshold_amount", json!(100_000_000_001_i64)), "invalid_value", "threshold_amount"),
        (with("threshold_amount", json!(1.5)), "invalid_type", "threshold_amount"),
        (with("threshold_amount", json!("5")), "invalid_type", "threshold_amount"),
        (with("currency", json!("EUR")), "invalid_value", "currency"),
        (with("interval", json!("day")), "invalid_value", "interval"),
        (with("name", json!("x")), "unknown_parameter", "name"),
        (with("notification_channel", json!(null)), "invalid_type", "notification_channel"),
        (with("notification_channel", json!(["email", []])), "invalid_type", "notification_channel"),
        (channel("type", json!("webhook")), "invalid_value", "notification_channel.type"),
        (channel("url", json!("https://x")), "unknown_parameter", "notification_channel.url"),
        (channel("recipients", json!([])), "invalid_value", "notification_channel.recipients"),
        (channel("recipients", json!(many)), "invalid_value", "notification_channel.recipients"),
        (channel("recipients", json!(["ada"])), "invalid_value", "notification_channel.recipients[0]"),
        (
            channel("recipients", json!(["a@b.example", "A@b.example"])),
            "invalid_value",
            "notification_channel.recipients[1]",
        ),
        (
            channel("recipients", json!(["a@b.example\r\nBcc: eve@b.example"])),
            "invalid_value",
            "notification_channel.recipients[0]",
        ),
        (
            channel("subject_prefix", json!("x\r\nBcc: eve@b.example")),
            "invalid_value",
            "notification_channel.subject_prefix",
        ),
        (channel("subject_prefix", json!("x".repeat(101))), "invalid_value", "notification_channel.subject_prefix"),
    ] {
        app.admin.post(&path, body.clone()).await.assert_error(400, code, param);
        app.admin.post(ORGANIZATION, body).await.assert_error(400, code, param);
    }
    assert_eq!(app.admin.get(&path).await.ok()["data"], json!([]));
    check_idempotency(&app.admin, &path, &to_ada(5), &to_ada(6)).await;
}

async fn lists_have_pages(app: &TestApp) {
    let (path, other) = (format!("{}/spend_alerts", app.project("Project").await), ORGANIZATION);
    let mut made = Vec::new();
    for cents in 0..3 {
        made.push(id(&app.admin.post(&path, to_ada(cents)).await.ok()));
    }
    let elsewhere = id(&app.admin.post(other, to_ada(1)).await.ok());
    let list = async |query: &str| app.admin.get(&format!("{path}?{query}")).await;
    assert_eq!(ids(&list("").await.ok()), made, "the oldest first");
    let first = list("limit=2").await.ok();
    assert_eq!((ids(&first), &first["has_more"]), (made[..2].to_vec(), &json!(true)));
    assert_eq!((&first["first_id"], &first["last_id"]), (&json!(made[0]), &json!(made[1])));
    assert_eq!(ids(&list(&format!("after={}", made[1])).await.ok()), made[2..]);
    assert_eq!(ids(&list(&format!("before={}", made[1])).await.ok()), made[..1]);
    let mut reversed = made.clone();
    reversed.reverse();
    assert_eq!(ids(&list("order=desc").await.ok()), reversed);
    for cursor in [elsewhere.as_str(), "alert_00000000000000000000000000000000", "nonsense"] {
        list(&format!("after={cursor}")).await.assert_error(400, "invalid_cursor", "after");
        list(&format!("before={cursor}")).await.assert_error(400, "invalid_cursor", "before");
    }
    let foreign = app.stranger.get(&format!("{other}?after={elsewhere}")).await;
    foreign.assert_error(400, "invalid_cursor", "after");
    list("limit=101").await.assert_error(400, "invalid_value", "limit");
    list("status=open").await.assert_error(400, "unknown_parameter", "status");
}

async fn ids_that_name_nothing_here_are_not_found(app: &TestApp) {
    let (mine, other) = (app.project("Mine").await, app.project("Other").await);
    let made = app.admin.post(&format!("{mine}/spend_alerts"), to_ada(5)).await.ok();
    let own = app.admin.post(ORGANIZATION, to_ada(5)).await.ok();
    let foreign = app.stranger.post(ORGANIZATION, to_ada(5)).await.ok();
    for path in [
        format!("{other}/spend_alerts/{}", id(&made)),
        format!("{mine}/spend_alerts/{}", id(&own)),
        format!("{ORGANIZATION}/{}", id(&made)),
        format!("{ORGANIZATION}/{}", id(&foreign)),
        format!("{ORGANIZATION}/nonsense"),
    ] {
        assert_eq!(app.admin.get(&path).await.status, 404, "{path}");
        assert_eq!(app.admin.post(&path, to_ada(6)).await.status, 404, "{path}");
        assert_eq!(app.admin.delete(&path).await.status, 404, "{path}");
    }
    assert_eq!(app.stranger.get(&format!("{mine}/spend_alerts")).await.status, 404);
    assert_eq!(ids(&app.stranger.get(ORGANIZATION).await.ok()), [id(&foreign)]);
}

async fn alerts_have_permissions_of_their_own(app: &TestApp) {
    let project = app.project("Project").await;
    let path = format!("{project}/spend_alerts");
    let made = id(&app.admin.post(&path, to_ada(5)).await.ok());
    let holding = async |name: &str, permissions: Value| {
        let role = json!({"role_name": name, "permissions": permissions});
        let role = id(&app.admin.post("/v1/organization/roles", role).await.ok());
        let key = json!({"name": name, "roles": [{"role_id": role}]});
        let key = app.admin.post("/v1/organization/admin_api_keys", key).await.ok();
        app.admin.with_key(key["value"].as_str().unwrap())
    };
    let reader = holding("Reader", json!(["alerts:read"])).await;
    assert_eq!(ids(&reader.get(&path).await.ok()), [made.as_str()]);
    reader.post(&path, to_ada(1)).await.assert_error(403, "insufficient_permissions", None);
    reader.delete(&format!("{path}/{made}")).await.assert_error(403, "insufficient_permissions", None);
    let limits = holding("Limits", json!(["limits:read", "limits:manage"])).await;
    limits.get(&path).await.assert_error(403, "insufficient_permissions", None);
    let manager = holding("Manager", json!(["alerts:manage"])).await;
    manager.post(ORGANIZATION, to_ada(1)).await.ok();
    manager.delete(&format!("{path}/{made}")).await.ok();
}

/// A cent for each call, whatever it says: somebody who makes them.
async fn caller(app: &TestApp, project: &str) -> Actor {
    let price = json!({"model": "demo*", "input_per_million": "0", "output_per_million": "0", "per_request": "0.01"});
    app.admin.post("/v1/organization/prices", price).await.ok();
    app.admin.post(&format!("{project}/credentials"), json!({"provider": "demo"})).await.ok();
    app.key_of(project, "Key").await
}

async fn call(key: &Actor) {
    let messages = json!([{"role": "user", "content": "Hi"}]);
    key.post("/v1/chat/completions", json!({"model": "demo-small", "max_tokens": 5, "messages": messages})).await.ok();
}

/// An alert once it has told somebody: that is noted a moment behind the mail.
async fn told(app: &TestApp, path: &str) -> Value {
    loop {
        let alert = app.admin.get(path).await.ok();
        if !alert["last_notified_at"].is_null() {
            return alert;
        }
        tokio::task::yield_now().await;
    }
}

async fn what_calls_cost_is_told_once(app: &TestApp) {
    let project = app.project("Søk\u{202e}").await;
    let key = caller(app, &project).await;
    let mut sent = body(2, &["ada@example.com", "bob@example.com"]);
    sent["notification_channel"]["subject_prefix"] = json!("[Geld: ü]");
    let path = format!("{project}/spend_alerts");
    let made = app.admin.post(&path, sent).await.ok();
    assert_eq!(made["delivery"], json!({"status": "enabled"}));
    let later = app.admin.post(ORGANIZATION, body(4, &["eve@example.com"])).await.ok();
    call(&key).await;
    call(&key).await;
    let mut to = BTreeSet::new();
    for _ in 0..2 {
        let letter = app.mailbox().next().await;
        let text = letter.text();
        assert!(text.contains("Threshold: $0.02 in a calendar month") && text.contains("Spent:     $0.02"), "{text}");
        assert!(letter.link().ends_with("/usage"), "{text}");
        let head = letter.raw.split("\r\n\r\n").next().unwrap();
        assert!(head.contains("\r\nSubject: [Geld: =?utf-8?b?") && !head.contains("Bcc"), "{head}");
        to.insert(letter.to);
    }
    assert_eq!(to.into_iter().collect::<Vec<_>>(), ["ada@example.com", "bob@example.com"]);
    let alert = told(app, &format!("{path}/{}", id(&made))).await;
    assert_eq!((&alert["last_notified_at"], &alert["version"]), (&json!(ManualClock::START), &json!(1)));
    call(&key).await;
    call(&key).await;
    let letter = app.mailbox().next().await;
    assert_eq!(letter.to, "eve@example.com", "nobody is told twice");
    assert!(letter.text().contains("The organization First has"), "{}", letter.text());
    told(app, &format!("{ORGANIZATION}/{}", id(&later))).await;
    assert!(app.mailbox().is_empty().await);
}

async fn a_mail_that_the_server_doesnt_take_comes_later(app: &TestApp) {
    let project = app.project("Project").await;
    let key = caller(app, &project).await;
    let made = app.admin.post(ORGANIZATION, to_ada(1)).await.ok();
    app.mailbox().tell("451 try again later");
    call(&key).await;
    // Until it was refused, moving the clock brings nothing.
    let letter = loop {
        app.clock.advance(15);
        tokio::task::yield_now().await;
        if !app.mailbox().is_empty().await {
            break app.mailbox().next().await;
        }
        app.admin.get(ORGANIZATION).await.ok();
    };
    assert_eq!(letter.to, "ada@example.com");
    told(app, &format!("{ORGANIZATION}/{}", id(&made))).await;
    assert!(app.mailbox().is_empty().await);
}
