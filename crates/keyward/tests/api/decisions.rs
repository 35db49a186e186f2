//! `/v1/organization/decisions/{request_id}`: each call's id tells why it was let
//! through or refused, to whoever may read its project's usage.

use keyward_domain::role::BuiltIn;
use keyward_testkit::{Answer, TestApp};
use serde_json::{Value, json};

use crate::support::id;

keyward_testkit::on_both_databases!(
    a_call_that_is_let_through_is_known_by_its_id,
    a_refused_call_says_which_check_refused_it_and_how_its_limits_stood,
    a_call_that_a_budget_refuses_says_how_the_budget_stood,
    keys_that_cannot_be_used_any_more_are_told_apart,
    whoever_reads_one_projects_usage_knows_its_requests_alone,
    what_is_no_known_request_is_not_found,
);

const BODY: &str = r#"{"model":"demo-small","messages":[{"role":"user","content":"Hello there"}]}"#;

fn path(answer: &Answer) -> String {
    format!("/v1/organization/decisions/{}", answer.header("x-request-id").unwrap())
}

async fn decision(app: &TestApp, answer: &Answer) -> Value {
    let decision = app.admin.get(&path(answer)).await.ok();
    assert_eq!(decision["request_id"].as_str(), answer.header("x-request-id"));
    assert_eq!((&decision["object"], &decision["status"]), (&json!("organization.decision"), &json!(answer.status)));
    decision
}

/// A project, a key of it and that key's id.
async fn project(app: &TestApp, name: &str, key: Value) -> (String, keyward_testkit::Actor, String) {
    let project = app.project(name).await;
    app.admin.post(&format!("{project}/credentials"), json!({"provider": "demo"})).await.ok();
    let mut body = json!({"name": "Worker"});
    body.as_object_mut().unwrap().extend(key.as_object().unwrap().clone());
    let key = app.admin.post(&format!("{project}/api_keys"), body).await.ok();
    (project, app.nobody.with_key(key["value"].as_str().unwrap()), id(&key))
}

async fn chat(key: &keyward_testkit::Actor) -> Answer {
    key.post("/v1/chat/completions", serde_json::from_str::<Value>(BODY).unwrap()).await
}

async fn a_call_that_is_let_through_is_known_by_its_id(app: &TestApp) {
    let (project, key, key_id) = project(app, "Search", json!({})).await;
    let answer = chat(&key).await;
    let found = decision(app, &answer).await;
    assert_eq!((&found["outcome"], &found["decided_by"]), (&json!("let_through"), &Value::Null));
    assert_eq!(
        (found["project_id"].as_str(), found["api_key_id"].as_str()),
        (project.rsplit('/').next(), Some(&*key_id))
    );
    assert_eq!((&found["method"], &found["path"]), (&json!("POST"), &json!("/v1/chat/completions")));
    assert_eq!(
        (&found["model"], &found["attempts"], &found["cached"]),
        (&json!("demo-small"), &json!(1), &json!(false))
    );
    assert_eq!((&found["limits"], &found["budgets"]), (&json!([]), &json!([])));
    let credentials = app.admin.get(&format!("{project}/credentials")).await.ok();
    assert_eq!(found["credential_id"], credentials["data"][0]["id"]);
    let created_at = found["created_at"].as_i64().unwrap();
    assert!((created_at - keyward_testkit::ManualClock::START).abs() < 60, "{created_at}");
}

async fn a_refused_call_says_which_check_refused_it_and_how_its_limits_stood(app: &TestApp) {
    let (project, key, key_id) = project(app, "Search", json!({"limits": {"requests_per_minute": 9}})).await;
    let limit = json!({"model": "demo*", "requests_per_minute": 1, "parallel_requests": 4});
    let limit = id(&app.admin.post(&format!("{project}/limits"), limit).await.ok());
    assert_eq!(decision(app, &chat(&key).await).await["outcome"], "let_through");
    let answer = chat(&key).await;
    answer.assert_error(429, "rate_limit_exceeded", None);
    let found = decision(app, &answer).await;
    let by = &found["decided_by"];
    assert_eq!((&found["outcome"], &by["check"], &by["name"]), (&json!("refused"), &json!(9), &json!("rate_limit")));
    assert_eq!((&by["code"], &by["message"]), (&json!("rate_limit_exceeded"), &answer.json["error"]["message"]));
    assert_eq!(found["credential_id"], Value::Null);
    let met = found["limits"].as_array().unwrap();
    let of_model = met.iter().find(|met| met["id"] == limit && met["measure"] == "requests_per_minute").unwrap();
    assert_eq!((&of_model["of"], &of_model["model"]), (&json!("model"), &json!("demo*")));
    assert_eq!((&of_model["limit"], &of_model["remaining"]), (&json!(1), &json!(0)));
    assert!(met.iter().any(|met| met["measure"] == "parallel_requests" && met["limit"] == 4));
    // With shared counts, what stands behind the limit that refuses isn't looked at.
    if let Some(of_key) = met.iter().find(|met| met["of"] == "key") {
        assert_eq!((of_key["id"].as_str(), &of_key["remaining"]), (Some(&*key_id), &json!(8)));
    }
}

async fn a_call_that_a_budget_refuses_says_how_the_budget_stood(app: &TestApp) {
    let price = json!({"model": "demo*", "input_per_million": "1000", "output_per_million": "1000"});
    app.admin.post("/v1/organization/prices", price).await.ok();
    let (project, key, _) = project(app, "Search", json!({})).await;
    app.admin.post("/v1/organization/budgets", json!({"amount": "1000", "mode": "balanced"})).await.ok();
    let budget = json!({"amount": "0.01", "mode": "balanced", "window": "day"});
    let budget = id(&app.admin.post(&format!("{project}/budgets"), budget).await.ok());
    let answer = chat(&key).await;
    answer.assert_error(429, "insufficient_quota", None);
    let found = decision(app, &answer).await;
    assert_eq!((&found["decided_by"]["check"], &found["decided_by"]["name"]), (&json!(10), &json!("budget")));
    let met = found["budgets"].as_array().unwrap();
    let of_project = met.iter().find(|met| met["id"] == budget).unwrap();
    assert_eq!((&of_project["of"], &of_project["window"]), (&json!("project"), &json!("day")));
    assert_eq!((&of_project["amount"], &of_project["charged"]), (&json!("0.01"), &json!("0.00")));
    assert!(of_project["reserve_nanos"].as_i64().unwrap() > 10_000_000, "{found}");
}

async fn keys_that_cannot_be_used_any_more_are_told_apart(app: &TestApp) {
    let (project, key, key_id) = project(app, "Search", json!({})).await;
    app.admin.post(&format!("{project}/api_keys/{key_id}/revoke"), json!({})).await.ok();
    let found = decision(app, &chat(&key).await).await;
    assert_eq!((&found["decided_by"]["check"], &found["decided_by"]["code"]), (&json!(2), &json!("api_key_revoked")));
    assert_eq!((found["api_key_id"].as_str(), &found["model"]), (Some(&*key_id), &Value::Null));
    app.admin.delete(&format!("{project}/api_keys/{key_id}")).await.ok();
    let answer = chat(&key).await;
    answer.assert_error(401, "invalid_api_key", None);
    app.admin.get(&path(&answer)).await.assert_error(404, "not_found", None);
}

async fn whoever_reads_one_projects_usage_knows_its_requests_alone(app: &TestApp) {
    let (ours, key, _) = project(app, "Ours", json!({})).await;
    let (_, other, _) = project(app, "Other", json!({})).await;
    app.admin.post("/v1/organization/budgets", json!({"amount": "1000", "mode": "balanced"})).await.ok();
    let (mine, theirs) = (chat(&key).await, chat(&other).await);
    let ada = app.member("ada@example.com").await;
    ada.actor.get(&path(&mine)).await.assert_error(403, "insufficient_permissions", None);
    let body = json!({"user_id": ada.id, "role": BuiltIn::ProjectAdmin.id()});
    app.admin.post(&format!("{ours}/users"), body).await.ok();
    let found = ada.actor.get(&path(&mine)).await.ok();
    assert_eq!(found["budgets"], json!([]), "what others spend isn't hers to know");
    assert_eq!(decision(app, &mine).await["budgets"][0]["of"], "organization");
    ada.actor.get(&path(&theirs)).await.assert_error(404, "not_found", None);
    app.stranger.get(&path(&mine)).await.assert_error(404, "not_found", None);
}

async fn what_is_no_known_request_is_not_found(app: &TestApp) {
    let (_, key, _) = project(app, "Search", json!({})).await;
    let answer = chat(&key).await;
    let known = path(&answer);
    let control = app.admin.get("/v1/organization/projects").await;
    for unknown in [
        path(&control),
        path(&app.nobody.with_key("sk-project-none").get("/v1/models").await),
        known.replace("req_", ""),
        known.replace("req_", "key_"),
        format!("{known}0"),
        "/v1/organization/decisions/req_00000000000000000000000000000000".to_owned(),
        "/v1/organization/decisions/..%2fprojects".to_owned(),
    ] {
        app.admin.get(&unknown).await.assert_error(404, "not_found", None);
    }
    app.admin.get(&known).await.ok();
}
