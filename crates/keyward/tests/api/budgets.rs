//! `…/budgets`, `…/spend_limit`, and the budgets of keys: changed by operators,
//! held by the very next call.

use keyward_testkit::{Actor, ManualClock, TestApp};
use serde_json::{Value, json};

use crate::support::{check_idempotency, check_versions, id, ids};

keyward_testkit::on_both_databases!(
    a_budget_answers_all_its_fields,
    what_a_budget_is_made_of_is_checked,
    an_edit_changes_what_it_names,
    ids_that_name_nothing_here_are_not_found,
    a_keys_budget_is_a_field_of_the_key,
    what_calls_cost_is_spent_and_then_refused,
    a_new_budget_knows_what_was_spent_before,
    the_specifications_spend_limit_is_the_strict_budget_of_months,
);

const ORGANIZATION: &str = "/v1/organization/budgets";

const CHAT: &str = "/v1/chat/completions";

async fn chat(key: &Actor) -> keyward_testkit::Answer {
    let messages = json!([{"role": "user", "content": "Hi"}]);
    key.post(CHAT, json!({"model": "demo-small", "max_tokens": 1000, "messages": messages})).await
}

/// The budget at `pointer` of what `path` answers, once nothing is reserved by
/// calls: on a shared database the end of a call is charged a moment behind its
/// answer.
async fn settled(app: &TestApp, path: &str, pointer: &str) -> Value {
    loop {
        let shown = app.admin.get(path).await.ok();
        let budget = shown.pointer(pointer).unwrap();
        if budget["reserved_nanos"] == 0 {
            return budget.clone();
        }
        tokio::task::yield_now().await;
    }
}

/// A cent for each call, whatever it says.
async fn a_cent_for_each_call(app: &TestApp) {
    let price = json!({"model": "demo*", "input_per_million": "0", "output_per_million": "0", "per_request": "0.01"});
    app.admin.post("/v1/organization/prices", price).await.ok();
}

async fn a_budget_answers_all_its_fields(app: &TestApp) {
    let path = format!("{}/budgets", app.project("Project").await);
    let made =
        app.admin.post(&path, json!({"amount": "25.5", "window": "day", "time_zone": "europe/berlin"})).await.ok();
    let start = made["period_start"].as_i64().unwrap();
    let expected = json!({
        "object": "organization.project.budget", "id": id(&made), "amount": "25.50", "amount_nanos": 25_500_000_000_i64,
        "window": "day", "time_zone": "Europe/Berlin", "mode": "strict", "shadow": false, "spent": "0.00", "spent_nanos": 0,
        "reserved": "0.00", "reserved_nanos": 0, "period_start": start, "period_end": start + 24 * 3600,
        "created_at": ManualClock::START, "updated_at": ManualClock::START, "version": 1,
    });
    assert_eq!(made, expected);
    assert!(id(&made).starts_with("budget_") && start <= ManualClock::START && ManualClock::START - start < 24 * 3600);
    assert_eq!(app.admin.get(&format!("{path}/{}", id(&made))).await.ok(), expected);
    let total = app.admin.post(&path, json!({"amount": "1", "window": "total", "mode": "balanced"})).await.ok();
    assert_eq!((&total["period_start"], &total["period_end"]), (&json!(null), &json!(null)));
    assert_eq!(ids(&app.admin.get(&path).await.ok()), [id(&made), id(&total)]);
    let own = app.admin.post(ORGANIZATION, json!({"amount": "1000"})).await.ok();
    assert_eq!((&own["object"], &own["window"]), (&json!("organization.budget"), &json!("month")));
    assert_eq!(ids(&app.admin.get(ORGANIZATION).await.ok()), [id(&own)]);
    let gone = app.admin.delete(&format!("{path}/{}", id(&total))).await.ok();
    assert_eq!(gone, json!({"object": "organization.project.budget.deleted", "id": id(&total), "deleted": true}));
    assert_eq!(ids(&app.admin.get(&path).await.ok()), [id(&made)]);
    let log = app.admin.get("/v1/organization/audit_logs?event_types[]=budget.deleted").await.ok();
    assert_eq!(log["data"][0]["budget.deleted"]["id"], id(&total));
}

async fn what_a_budget_is_made_of_is_checked(app: &TestApp) {
    let path = format!("{}/budgets", app.project("Project").await);
    for (body, code, param) in [
        (json!({}), "missing_required_parameter", "amount"),
        (json!({"amount": "0"}), "invalid_value", "amount"),
        (json!({"amount": "-5"}), "invalid_value", "amount"),
        (json!({"amount": 5}), "invalid_type", "amount"),
        (json!({"amount": "5", "window": "year"}), "invalid_value", "window"),
        (json!({"amount": "5", "mode": "soft"}), "invalid_value", "mode"),
        (json!({"amount": "5", "time_zone": "Berlin"}), "invalid_value", "time_zone"),
        (json!({"amount": "5", "currency": "USD"}), "unknown_parameter", "currency"),
    ] {
        app.admin.post(&path, body).await.assert_error(400, code, param);
    }
    assert_eq!(app.admin.get(&path).await.ok()["data"], json!([]));
    let (body, other) = (json!({"amount": "5"}), json!({"amount": "6"}));
    check_idempotency(&app.admin, &path, &body, &other).await;
    app.admin.post(&path, body).await.assert_error(409, "budget_exists", "window");
}

async fn an_edit_changes_what_it_names(app: &TestApp) {
    let path = format!("{}/budgets", app.project("Project").await);
    let made = app.admin.post(&path, json!({"amount": "5"})).await.ok();
    let budget = format!("{path}/{}", id(&made));
    assert_eq!(app.admin.post(&budget, json!({})).await.ok(), made);
    let edited = app.admin.post(&budget, json!({"amount": "7", "mode": "balanced"})).await.ok();
    assert_eq!(
        (&edited["amount"], &edited["mode"], &edited["window"]),
        (&json!("7.00"), &json!("balanced"), &made["window"])
    );
    let weekly = app.admin.post(&budget, json!({"window": "week"})).await.ok();
    assert_eq!((&weekly["window"], &weekly["version"]), (&json!("week"), &json!(3)));
    app.admin.post(&path, json!({"amount": "5", "window": "day"})).await.ok();
    app.admin.post(&budget, json!({"window": "day"})).await.assert_error(409, "budget_exists", "window");
    check_versions(&app.admin, &budget, &json!({"amount": "8"})).await;
}

async fn ids_that_name_nothing_here_are_not_found(app: &TestApp) {
    let (mine, other) = (app.project("Mine").await, app.project("Other").await);
    let made = app.admin.post(&format!("{mine}/budgets"), json!({"amount": "5"})).await.ok();
    let own = app.admin.post(ORGANIZATION, json!({"amount": "5"})).await.ok();
    for path in [
        format!("{other}/budgets/{}", id(&made)),
        format!("{mine}/budgets/{}", id(&own)),
        format!("{ORGANIZATION}/{}", id(&made)),
        format!("{ORGANIZATION}/nonsense"),
    ] {
        assert_eq!(app.admin.get(&path).await.status, 404, "{path}");
        assert_eq!(app.admin.post(&path, json!({"amount": "6"})).await.status, 404, "{path}");
        assert_eq!(app.admin.delete(&path).await.status, 404, "{path}");
    }
}

async fn a_keys_budget_is_a_field_of_the_key(app: &TestApp) {
    let keys = format!("{}/api_keys", app.project("Project").await);
    let key = app.admin.post(&keys, json!({"name": "Key", "budget": {"amount": "5"}})).await.ok();
    let budget = json!({
        "amount": "5.00", "amount_nanos": 5_000_000_000_i64, "window": "month", "time_zone": "UTC", "mode": "strict", "shadow": false,
        "spent": "0.00", "spent_nanos": 0, "reserved": "0.00", "reserved_nanos": 0,
    });
    assert_eq!(key["budget"], budget);
    let path = format!("{keys}/{}", id(&key));
    let edited = app.admin.post(&path, json!({"budget": {"window": "total"}})).await.ok();
    assert_eq!((&edited["budget"]["window"], &edited["budget"]["amount"]), (&json!("total"), &json!("5.00")));
    assert_eq!(app.admin.post(&path, json!({"name": "Other"})).await.ok()["budget"], edited["budget"]);
    assert_eq!(app.admin.post(&path, json!({"budget": null})).await.ok()["budget"], Value::Null);
    for (body, param) in [
        (json!({"budget": {}}), "budget.amount"),
        (json!({"budget": {"amount": "0"}}), "budget.amount"),
        (json!({"budget": {"amount": "1", "window": "x"}}), "budget.window"),
    ] {
        app.admin.post(&path, body).await.assert_error(400, "invalid_value", param);
    }
    app.admin.post(&path, json!({"budget": {"limit": 5}})).await.assert_error(400, "unknown_parameter", "budget.limit");
    assert_eq!(app.admin.get(&path).await.ok()["budget"], Value::Null);
}

async fn what_calls_cost_is_spent_and_then_refused(app: &TestApp) {
    a_cent_for_each_call(app).await;
    let project = app.project("Project").await;
    app.admin.post(&format!("{project}/credentials"), json!({"provider": "demo"})).await.ok();
    let key =
        app.admin.post(&format!("{project}/api_keys"), json!({"name": "Key", "budget": {"amount": "0.02"}})).await.ok();
    let actor = app.admin.with_key(key["value"].as_str().unwrap());
    for spent in ["0.01", "0.02"] {
        chat(&actor).await.ok();
        let budget = settled(app, &format!("{project}/api_keys/{}", id(&key)), "/budget").await;
        assert_eq!(budget["spent"], spent);
    }
    let refused = chat(&actor).await;
    assert_eq!((refused.status, &refused.json["error"]["code"]), (429, &json!("insufficient_quota")));
    let message = refused.json["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("The budget of this API key, $0.02 a month") && message.contains("$0.02 is spent"),
        "{message}"
    );
    // More is there for the very next call.
    app.admin.post(&format!("{project}/api_keys/{}", id(&key)), json!({"budget": {"amount": "0.03"}})).await.ok();
    chat(&actor).await.ok();
    chat(&actor).await.assert_error(429, "insufficient_quota", None);
    app.admin.post(&format!("{project}/api_keys/{}", id(&key)), json!({"budget": null})).await.ok();
    chat(&actor).await.ok();
}

async fn a_new_budget_knows_what_was_spent_before(app: &TestApp) {
    a_cent_for_each_call(app).await;
    let project = app.project("Project").await;
    app.admin.post(&format!("{project}/credentials"), json!({"provider": "demo"})).await.ok();
    let key = app.admin.post(&format!("{project}/api_keys"), json!({"name": "Key"})).await.ok();
    let actor = app.admin.with_key(key["value"].as_str().unwrap());
    for _ in 0..3 {
        chat(&actor).await.ok();
    }
    for (path, window) in [(format!("{project}/budgets"), "month"), (ORGANIZATION.to_owned(), "total")] {
        let made = app.admin.post(&path, json!({"amount": "0.04", "window": window})).await.ok();
        assert_eq!(made["spent"], "0.03", "{window}");
    }
    chat(&actor).await.ok();
    chat(&actor).await.assert_error(429, "insufficient_quota", None);
    assert_eq!(settled(app, ORGANIZATION, "/data/0").await["spent"], "0.04");
}

async fn the_specifications_spend_limit_is_the_strict_budget_of_months(app: &TestApp) {
    let project = app.project("Project").await;
    for (path, object) in [
        (format!("{project}/spend_limit"), "project.spend_limit"),
        ("/v1/organization/spend_limit".to_owned(), "organization.spend_limit"),
    ] {
        assert_eq!(app.admin.get(&path).await.status, 404);
        let body = json!({"threshold_amount": 2500, "currency": "USD", "interval": "month"});
        let made = app.admin.post(&path, body.clone()).await.ok();
        let expected = json!({"object": object, "threshold_amount": 2500, "currency": "USD", "interval": "month",
            "enforcement": {"status": "inactive"}});
        assert_eq!(made, expected);
        assert_eq!(app.admin.get(&path).await.ok(), expected);
        let budgets = path.replace("spend_limit", "budgets");
        let budget = app.admin.get(&budgets).await.ok()["data"][0].clone();
        assert_eq!((&budget["amount"], &budget["mode"]), (&json!("25.00"), &json!("strict")));
        let replaced = json!({"threshold_amount": 1, "currency": "USD", "interval": "month"});
        assert_eq!(app.admin.post(&path, replaced).await.ok()["threshold_amount"], 1);
        for (field, wrong) in [("threshold_amount", json!(0)), ("currency", json!("EUR")), ("interval", json!("day"))] {
            let mut body = body.clone();
            body[field] = wrong;
            app.admin.post(&path, body).await.assert_error(400, "invalid_value", field);
        }
        // Somebody's balanced budget isn't a hard limit.
        app.admin.post(&format!("{budgets}/{}", id(&budget)), json!({"mode": "balanced"})).await.ok();
        assert_eq!(app.admin.get(&path).await.status, 404);
        app.admin.post(&path, body).await.ok();
        let gone = app.admin.delete(&path).await.ok();
        assert_eq!(gone, json!({"object": format!("{object}.deleted"), "deleted": true}));
        assert_eq!(app.admin.delete(&path).await.status, 404);
    }
}
