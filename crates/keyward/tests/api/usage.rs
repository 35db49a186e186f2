//! `/v1/organization/usage/…` and `/v1/organization/costs`: what was answered is
//! in them at once, told apart as asked, and seen by whoever may.

use keyward_domain::role::BuiltIn;
use keyward_testkit::{ManualClock, TestApp};
use serde_json::{Value, json};

use crate::support::id;

keyward_testkit::on_both_databases!(
    a_call_is_in_usage_and_costs_when_it_is_answered,
    usage_is_told_apart_and_filtered_as_asked,
    pages_have_every_time_once,
    who_reads_the_usage_of_one_project_sees_that_alone,
    parameters_that_make_no_sense_are_refused,
);

const COMPLETIONS: &str = "/v1/organization/usage/completions";
const EMBEDDINGS: &str = "/v1/organization/usage/embeddings";
const COSTS: &str = "/v1/organization/costs";

/// From the day that the tests' clock starts in.
fn since_start(path: &str) -> String {
    format!("{path}?start_time={}", ManualClock::START)
}

async fn chat(app: &TestApp, project: &str, name: &str, calls: usize) -> Value {
    let key = app.admin.post(&format!("{project}/api_keys"), json!({"name": name})).await.ok();
    let actor = app.nobody.with_key(key["value"].as_str().unwrap());
    for _ in 0..calls {
        let body = json!({"model": "demo-small", "messages": [{"role": "user", "content": "Hello there"}]});
        actor.post("/v1/chat/completions", body).await.ok();
    }
    key
}

async fn project_with_demo(app: &TestApp, name: &str) -> String {
    let project = app.project(name).await;
    app.admin.post(&format!("{project}/credentials"), json!({"provider": "demo"})).await.ok();
    project
}

fn results(page: &Value) -> Vec<Value> {
    let buckets = page["data"].as_array().unwrap();
    buckets.iter().flat_map(|bucket| bucket["results"].as_array().unwrap().clone()).collect()
}

async fn a_call_is_in_usage_and_costs_when_it_is_answered(app: &TestApp) {
    let project = project_with_demo(app, "Search").await;
    let page = app.admin.get(&since_start(COMPLETIONS)).await.ok();
    assert_eq!((page["object"].as_str(), results(&page).len()), (Some("page"), 0), "nobody called");
    let key = chat(app, &project, "Worker", 3).await;
    let page = app.admin.get(&since_start(COMPLETIONS)).await.ok();
    assert_eq!((&page["has_more"], &page["next_page"]), (&json!(false), &Value::Null));
    assert_eq!(page["data"][0]["object"], "bucket");
    let [result] = &results(&page)[..] else { panic!("{page}") };
    let key = app.admin.get(&format!("{project}/api_keys/{}", id(&key))).await.ok();
    assert_eq!(result["object"], "organization.usage.completions.result");
    assert_eq!((&result["num_model_requests"], &result["num_unpriced_requests"]), (&json!(3), &json!(0)));
    assert_eq!(result["input_tokens"], key["usage"]["input_tokens"]);
    assert_eq!(result["output_tokens"], key["usage"]["output_tokens"]);
    assert_eq!((&result["cost"], &key["usage"]["cost_nanos"]), (&json!("0.00"), &json!(0)), "the demo is free");
    assert_eq!(result["model"], Value::Null, "not grouped by it");
    let costs = app.admin.get(&since_start(COSTS)).await.ok();
    let [cost] = &results(&costs)[..] else { panic!("{costs}") };
    let amount = json!({"value": 0.0, "currency": "usd", "value_decimal": "0.00", "value_nanos": 0});
    assert_eq!((&cost["amount"], &cost["num_model_requests"]), (&amount, &json!(3)));
    assert_eq!(results(&app.admin.get(&since_start(EMBEDDINGS)).await.ok()), [] as [Value; 0]);
    app.admin.get(&since_start("/v1/organization/usage/vector_stores")).await.assert_error(404, "unknown_url", None);
}

async fn usage_is_told_apart_and_filtered_as_asked(app: &TestApp) {
    let (a, b) = (project_with_demo(app, "A").await, project_with_demo(app, "B").await);
    let (one, two) = (chat(app, &a, "One", 1).await, chat(app, &a, "Two", 2).await);
    let three = chat(app, &b, "Three", 3).await;
    let count = async |query: &str| -> i64 {
        let page = app.admin.get(&format!("{}&{query}", since_start(COMPLETIONS))).await.ok();
        results(&page).iter().map(|result| result["num_model_requests"].as_i64().unwrap()).sum()
    };
    let project = a.rsplit('/').next().unwrap();
    assert_eq!(count("").await, 6);
    assert_eq!(count(&format!("project_ids[]={project}")).await, 3);
    assert_eq!(count(&format!("api_key_ids={}&api_key_ids={}", id(&one), id(&three))).await, 4);
    assert_eq!(count("models[]=demo-small&models[]=other").await, 6);
    assert_eq!(count("models[]=other").await, 0);
    assert_eq!(count("project_ids[]=proj_00000000000000000000000000000000").await, 0);
    assert_eq!(count("batch=true").await, 0);
    assert_eq!(count("batch=false&bucket_width=1m").await, 6);

    let groups = "group_by[]=project_id&group_by[]=api_key_id&group_by[]=model&group_by[]=user_id&group_by[]=batch&group_by[]=service_tier";
    let page = app.admin.get(&format!("{}&{groups}", since_start(COMPLETIONS))).await.ok();
    let found = results(&page);
    let of_two = found.iter().find(|result| result["api_key_id"] == two["id"]).unwrap();
    assert_eq!(found.len(), 3);
    assert_eq!(
        (&of_two["project_id"], &of_two["model"], &of_two["provider"]),
        (&json!(project), &json!("demo-small"), &json!("demo"))
    );
    assert_eq!((&of_two["num_model_requests"], &of_two["batch"]), (&json!(2), &json!(false)));
    assert_eq!(of_two["user_id"], two["owner"]["user"]["id"]);
    let costs = app.admin.get(&format!("{}&group_by=line_item&group_by=project_id", since_start(COSTS))).await.ok();
    let found = results(&costs);
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|result| result["line_item"] == "demo/demo-small" && result["quantity_unit"] == "tokens"));
}

async fn pages_have_every_time_once(app: &TestApp) {
    let mut starts = Vec::new();
    let mut next = String::new();
    loop {
        let end = ManualClock::START + 5 * 3600;
        let path = format!("{}&end_time={end}&bucket_width=1h&limit=2{next}", since_start(COMPLETIONS));
        let page = app.admin.get(&path).await.ok();
        starts.extend(page["data"].as_array().unwrap().iter().map(|bucket| bucket["start_time"].as_i64().unwrap()));
        match page["next_page"].as_str() {
            Some(cursor) => next = format!("&page={cursor}"),
            None => break,
        }
    }
    let first = ManualClock::START - ManualClock::START % 3600;
    let hours = if ManualClock::START % 3600 == 0 { 5 } else { 6 };
    assert_eq!(starts, (0..hours).map(|hour| first + hour * 3600).collect::<Vec<_>>());
}

async fn who_reads_the_usage_of_one_project_sees_that_alone(app: &TestApp) {
    let (a, b) = (project_with_demo(app, "A").await, project_with_demo(app, "B").await);
    chat(app, &a, "One", 1).await;
    chat(app, &b, "Two", 2).await;
    let admin = app.member("ada@example.com").await;
    let path = since_start(COMPLETIONS);
    admin.actor.get(&path).await.assert_error(403, "insufficient_permissions", None);
    let body = json!({"user_id": admin.id, "role": BuiltIn::ProjectAdmin.id()});
    app.admin.post(&format!("{a}/users"), body).await.ok();
    let found = results(&admin.actor.get(&format!("{path}&group_by=project_id")).await.ok());
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0]["num_model_requests"], found[0]["project_id"].as_str()), (&json!(1), a.rsplit('/').next()));
    let other = b.rsplit('/').next().unwrap();
    assert_eq!(results(&admin.actor.get(&format!("{path}&project_ids={other}")).await.ok()), [] as [Value; 0]);
    assert_eq!(results(&app.stranger.get(&path).await.ok()), [] as [Value; 0], "another organization's");
}

async fn parameters_that_make_no_sense_are_refused(app: &TestApp) {
    for (path, code, param) in [
        (COMPLETIONS.to_owned(), "missing_required_parameter", "start_time"),
        (format!("{COMPLETIONS}?start_time=soon"), "invalid_value", "start_time"),
        (format!("{}&end_time=1", since_start(COMPLETIONS)), "invalid_value", "end_time"),
        (format!("{}&bucket_width=1w", since_start(COMPLETIONS)), "invalid_value", "bucket_width"),
        (format!("{}&bucket_width=1h", since_start(COSTS)), "invalid_value", "bucket_width"),
        (format!("{}&group_by=colour", since_start(COMPLETIONS)), "invalid_value", "group_by"),
        (format!("{}&group_by=batch", since_start(EMBEDDINGS)), "invalid_value", "group_by"),
        (format!("{}&limit=0", since_start(COMPLETIONS)), "invalid_value", "limit"),
        (format!("{}&limit=181", since_start(COSTS)), "invalid_value", "limit"),
        (format!("{}&page=next", since_start(COMPLETIONS)), "invalid_cursor", "page"),
        (format!("{COMPLETIONS}?start_time=0&bucket_width=1m"), "invalid_value", "start_time"),
        (format!("{}&user_ids=x", since_start(COSTS)), "unknown_parameter", "user_ids"),
    ] {
        app.admin.get(&path).await.assert_error(400, code, Some(param));
    }
}
