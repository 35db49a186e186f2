//! What batches and responses in the background used, as the whole program counts
//! it: once, whoever reads it and however many do at one time.

use http::Method;
use keyward_testkit::{Actor, ManualClock, Provider, Reply, TestApp};
use serde_json::{Value, json};

use crate::support::id;

keyward_testkit::on_both_databases!(
    a_batch_is_in_usage_once_at_the_batch_price,
    a_response_in_the_background_is_in_usage_once,
);

/// A project whose provider is scripted: its path, and an application.
async fn project(app: &TestApp, provider: &Provider) -> (String, Value) {
    let path = app.project("Search").await;
    let credential =
        json!({"provider": "openai", "api_key": "sk-proj-of-a-scripted-provider", "base_url": provider.openai_url()});
    app.admin.post(&format!("{path}/credentials"), credential).await.ok();
    let key = app.admin.post(&format!("{path}/api_keys"), json!({"name": "Worker"})).await.ok();
    (path, key)
}

/// Asks for the same several times at once, each answered with this.
async fn ask_at_once(actor: &Actor, provider: &Provider, path: &str, answer: &Value) {
    for _ in 0..4 {
        provider.tell(Reply::json(200, answer));
    }
    let asked = tokio::join!(actor.get(path), actor.get(path), actor.get(path), actor.get(path));
    for answer in <[_; 4]>::from(asked) {
        answer.ok();
    }
}

async fn usage(app: &TestApp, query: &str) -> Vec<Value> {
    let path = format!("/v1/organization/usage/completions?start_time={}&{query}", ManualClock::START);
    let page = app.admin.get(&path).await.ok();
    let buckets = page["data"].as_array().unwrap();
    buckets.iter().flat_map(|bucket| bucket["results"].as_array().unwrap().clone()).collect()
}

async fn a_batch_is_in_usage_once_at_the_batch_price(app: &TestApp) {
    let provider = Provider::start().await;
    let (path, key) = project(app, &provider).await;
    let worker = app.nobody.with_key(key["value"].as_str().unwrap());
    provider.tell(Reply::json(200, &json!({"id": "file-1", "object": "file"})));
    let form = "--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n{}\r\n--X--\r\n";
    worker.asking(Method::POST, "/v1/files").body("multipart/form-data; boundary=X", form).send().await.ok();
    provider.tell(Reply::json(200, &json!({"id": "batch_1", "object": "batch", "status": "validating"})));
    worker.post("/v1/batches", json!({"input_file_id": "file-1", "endpoint": "/v1/responses"})).await.ok();
    let done = json!({
        "id": "batch_1", "object": "batch", "status": "completed", "endpoint": "/v1/responses", "model": "gpt-4o-mini",
        "request_counts": {"total": 12, "completed": 10, "failed": 2},
        "usage": {"input_tokens": 1000, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 100,
            "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 1100},
    });
    let reader = app.key_of(&path, "Reader").await;
    ask_at_once(&reader, &provider, "/v1/batches/batch_1", &done).await;
    ask_at_once(&reader, &provider, "/v1/batches", &done).await;

    let groups = "group_by[]=batch&group_by[]=api_key_id&group_by[]=model&group_by[]=service_tier";
    let found = usage(app, groups).await;
    let [result] = &found[..] else { panic!("{found:?}") };
    assert_eq!((&result["batch"], &result["api_key_id"]), (&json!(true), &json!(id(&key))));
    assert_eq!((&result["model"], &result["service_tier"]), (&json!("gpt-4o-mini"), &json!("batch")));
    assert_eq!((&result["input_tokens"], &result["output_tokens"]), (&json!(1000), &json!(100)));
    assert_eq!((&result["num_model_requests"], &result["cost_nanos"]), (&json!(10), &json!(105_000)));
    assert_eq!(usage(app, "batch=true").await.len(), 1);
    assert_eq!(usage(app, "batch=false").await, [] as [Value; 0]);
    let key = app.admin.get(&format!("{path}/api_keys/{}", id(&key))).await.ok();
    assert_eq!((&key["request_count"], &key["usage"]["cost_nanos"]), (&json!(2), &json!(105_000)));
}

async fn a_response_in_the_background_is_in_usage_once(app: &TestApp) {
    let provider = Provider::start().await;
    let (path, key) = project(app, &provider).await;
    let worker = app.nobody.with_key(key["value"].as_str().unwrap());
    let mut response =
        json!({"id": "resp_1", "object": "response", "background": true, "status": "queued", "usage": null});
    provider.tell(Reply::json(200, &response));
    worker.post("/v1/responses", json!({"model": "gpt-4o-mini", "input": "Hello", "background": true})).await.ok();
    let results = usage(app, "").await;
    assert_eq!((&results[0]["num_model_requests"], &results[0]["input_tokens"]), (&json!(1), &json!(0)));
    assert_eq!((&results[0]["num_unpriced_requests"], &results[0]["num_estimated_requests"]), (&json!(0), &json!(0)));

    response["status"] = json!("completed");
    response["usage"] = json!({"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100});
    let reader = app.key_of(&path, "Reader").await;
    ask_at_once(&reader, &provider, "/v1/responses/resp_1", &response).await;
    // The use of one that is deleted at once is counted all the same.
    provider.tell(Reply::json(200, &json!({"deleted": true})));
    reader.delete("/v1/responses/resp_1").await.ok();
    let found = usage(app, "group_by[]=api_key_id&group_by[]=model").await;
    let [result] = &found[..] else { panic!("{found:?}") };
    assert_eq!((&result["api_key_id"], &result["model"]), (&json!(id(&key)), &json!("gpt-4o-mini")));
    assert_eq!((&result["input_tokens"], &result["output_tokens"]), (&json!(1000), &json!(100)));
    assert_eq!((&result["num_model_requests"], &result["cost_nanos"]), (&json!(1), &json!(210_000)));
}
