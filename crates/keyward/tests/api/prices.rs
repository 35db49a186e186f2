//! `/v1/organization/prices`: what an organization sets is what its calls cost,
//! from the next one on, and what was priced before stays.

use keyward_domain::role::BuiltIn;
use keyward_testkit::{Actor, ManualClock, TestApp};
use serde_json::{Value, json};

use crate::support::id;

keyward_testkit::on_both_databases!(
    a_price_is_made_edited_listed_and_deleted,
    calls_are_priced_by_the_price_that_holds_when_they_are_made,
    a_price_that_makes_no_sense_is_refused_at_its_field,
    who_reads_usage_sees_prices_and_only_who_manages_them_sets_them,
    each_change_is_in_the_audit_log,
);

const PRICES: &str = "/v1/organization/prices";

fn body() -> Value {
    json!({"model": "demo*", "input_per_million": "1", "output_per_million": "2.5"})
}

async fn a_price_is_made_edited_listed_and_deleted(app: &TestApp) {
    let more = json!({"model": " gpt-4o* ", "provider": "openai", "effective_from": "2027-01-31T00:00:00Z",
        "input_per_million": "2.50", "output_per_million": "10", "cache_read_per_million": "1.25", "per_request": "0.001"});
    let made = app.admin.post(PRICES, more).await.ok();
    let price = format!("{PRICES}/{}", id(&made));
    let expected = json!({
        "object": "organization.price", "id": made["id"], "provider": "openai", "model": "gpt-4o*",
        "effective_from": 1_801_353_600, "input_per_million": "2.50", "output_per_million": "10.00",
        "cache_read_per_million": "1.25", "cache_write_per_million": null, "per_request": "0.001",
        "created_at": ManualClock::START, "updated_at": ManualClock::START, "version": 1,
    });
    assert_eq!(made, expected);
    assert_eq!(app.admin.get(&price).await.ok(), expected);
    let other = app.admin.post(PRICES, body()).await.ok();
    assert_eq!(
        (&other["provider"], &other["effective_from"], &other["per_request"]),
        (&Value::Null, &json!(ManualClock::START), &json!("0.00"))
    );
    let listed = app.admin.get(PRICES).await.ok();
    assert_eq!(listed["data"], json!([other, made]));
    assert_eq!(app.admin.get(&format!("{PRICES}?limit=1")).await.ok()["has_more"], true);

    app.clock.advance(5);
    let change = json!({"provider": null, "cache_read_per_million": null, "output_per_million": "12"});
    let changed = app.admin.post(&price, change).await.ok();
    assert_eq!((&changed["provider"], &changed["cache_read_per_million"]), (&Value::Null, &Value::Null));
    assert_eq!((&changed["input_per_million"], &changed["output_per_million"]), (&json!("2.50"), &json!("12.00")));
    assert_eq!((&changed["version"], &changed["updated_at"]), (&json!(2), &json!(ManualClock::START + 5)));
    assert_eq!(app.admin.post(&price, json!({})).await.ok(), changed, "nothing changes nothing");
    let stale = app.admin.asking(http::Method::POST, &price).header("if-match", "1").json(&json!({"model": "x"}));
    stale.send().await.assert_error(412, "stale_version", Some("If-Match"));

    let gone = app.admin.delete(&price).await.ok();
    assert_eq!(gone, json!({"object": "organization.price.deleted", "id": made["id"], "deleted": true}));
    app.admin.get(&price).await.assert_error(404, "not_found", None);
    app.admin.delete(&price).await.assert_error(404, "not_found", None);
}

/// Makes a call and answers what it used.
async fn chat(key: &Actor) -> (i64, i64) {
    let body = json!({"model": "demo-small", "messages": [{"role": "user", "content": "Hello there"}]});
    let usage = key.post("/v1/chat/completions", body).await.ok()["usage"].clone();
    (usage["prompt_tokens"].as_i64().unwrap(), usage["completion_tokens"].as_i64().unwrap())
}

async fn cost(app: &TestApp) -> i64 {
    let path = format!("/v1/organization/costs?start_time={}", ManualClock::START);
    let page = app.admin.get(&path).await.ok();
    let buckets = page["data"].as_array().unwrap();
    let results = buckets.iter().flat_map(|bucket| bucket["results"].as_array().unwrap());
    results.map(|result| result["amount"]["value_nanos"].as_i64().unwrap()).sum()
}

async fn calls_are_priced_by_the_price_that_holds_when_they_are_made(app: &TestApp) {
    let key = app.key().await;
    let mut expected = 0;
    chat(&key).await;
    assert_eq!(cost(app).await, expected, "the demo is free");

    // In force for the very next call.
    let price = app.admin.post(PRICES, body()).await.ok();
    let (input, output) = chat(&key).await;
    expected += input * 1_000 + output * 2_500;
    assert_eq!(cost(app).await, expected);

    // A whole name before a glob; later only from its moment on.
    let later = ManualClock::START + 60;
    let named = json!({"model": "demo-small", "provider": "demo", "effective_from": later,
        "input_per_million": "0", "output_per_million": "0", "per_request": "0.01"});
    app.admin.post(PRICES, named).await.ok();
    let (input, output) = chat(&key).await;
    expected += input * 1_000 + output * 2_500;
    assert_eq!(cost(app).await, expected);
    app.clock.advance(60);
    chat(&key).await;
    expected += 10_000_000;
    assert_eq!(cost(app).await, expected);

    // What was priced stays as it was.
    app.admin.post(&format!("{PRICES}/{}", id(&price)), json!({"input_per_million": "100"})).await.ok();
    app.admin.delete(&format!("{PRICES}/{}", id(&price))).await.ok();
    assert_eq!(cost(app).await, expected);
    // Another organization's price is nobody else's.
    let theirs =
        json!({"model": "demo-small", "input_per_million": "9", "output_per_million": "9", "effective_from": later});
    app.stranger.post(PRICES, theirs).await.ok();
    chat(&key).await;
    assert_eq!(cost(app).await, expected + 10_000_000);
}

async fn a_price_that_makes_no_sense_is_refused_at_its_field(app: &TestApp) {
    let with = |field: &str, value: Value| {
        let mut body = body();
        body[field] = value;
        body
    };
    for (field, value) in [
        ("model", json!("")),
        ("model", json!("[")),
        ("provider", json!("nobody")),
        ("effective_from", json!("soon")),
        ("input_per_million", json!("-1")),
        ("output_per_million", json!("10000.1")),
        ("cache_read_per_million", json!("1e3")),
        ("cache_write_per_million", json!("0.0000001")),
        ("per_request", json!("101")),
    ] {
        app.admin.post(PRICES, with(field, value)).await.assert_error(400, "invalid_value", Some(field));
    }
    app.admin.post(PRICES, with("colour", json!("red"))).await.assert_error(400, "unknown_parameter", Some("colour"));
    app.admin.post(PRICES, json!({"model": "x"})).await.assert_error(
        400,
        "missing_required_parameter",
        Some("input_per_million"),
    );
    let made = app.admin.post(PRICES, body()).await.ok();
    app.admin.post(PRICES, body()).await.assert_error(409, "price_exists", Some("model"));
    let path = format!("{PRICES}/{}", id(&made));
    app.admin.post(&path, json!({"input_per_million": "x"})).await.assert_error(
        400,
        "invalid_value",
        Some("input_per_million"),
    );
    app.stranger.get(&path).await.assert_error(404, "not_found", None);
}

async fn who_reads_usage_sees_prices_and_only_who_manages_them_sets_them(app: &TestApp) {
    let price = format!("{PRICES}/{}", id(&app.admin.post(PRICES, body()).await.ok()));
    let auditor = app.member("ada@example.com").await;
    auditor.actor.get(PRICES).await.assert_error(403, "insufficient_permissions", None);
    let role = json!({"role_id": BuiltIn::OrganizationAuditor.id()});
    app.admin.post(&format!("/v1/organization/users/{}/roles", auditor.id), role).await.ok();
    auditor.actor.get(&price).await.ok();
    auditor.actor.post(PRICES, body()).await.assert_error(403, "insufficient_permissions", None);
    auditor.actor.delete(&price).await.assert_error(403, "insufficient_permissions", None);
}

async fn each_change_is_in_the_audit_log(app: &TestApp) {
    let made = app.admin.post(PRICES, body()).await.ok();
    let path = format!("{PRICES}/{}", id(&made));
    app.admin.post(&path, json!({"input_per_million": "3"})).await.ok();
    app.admin.delete(&path).await.ok();
    let events = app.admin.get("/v1/organization/audit_logs?event_types[]=price.*&order=asc").await.ok();
    let events = events["data"].as_array().unwrap();
    let types: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["price.created", "price.updated", "price.deleted"]);
    assert_eq!(events[1]["before"], json!({"input_per_million": "1.00"}));
    assert_eq!(events[1]["after"], json!({"input_per_million": "3.00"}));
}
