//! `…/cache`: decided by operators, in force at the very next call; what it
//! answers is counted apart.

use keyward_testkit::{Actor, Answer, TestApp};
use serde_json::{Value, json};

use crate::support::check_versions;

keyward_testkit::on_both_databases!(
    a_cache_is_off_until_somebody_decides,
    what_is_decided_is_checked,
    it_answers_again_until_it_is_emptied_or_switched_off,
    hits_are_counted_apart_and_cost_nothing,
    another_organization_finds_nothing,
);

const CHAT: &str = "/v1/chat/completions";

/// A project of the built-in provider.
async fn project_of(app: &TestApp) -> String {
    let project = app.project("Project").await;
    app.admin.post(&format!("{project}/credentials"), json!({"provider": "demo"})).await.ok();
    project
}

async fn chat(key: &Actor) -> Answer {
    key.post(CHAT, json!({"model": "demo-small", "messages": [{"role": "user", "content": "Hi"}]})).await
}

async fn is_hit(key: &Actor) -> bool {
    let answer = chat(key).await;
    assert_eq!(answer.status, 200);
    answer.header("cache-status").is_some_and(|status| status.contains("; hit"))
}

async fn a_cache_is_off_until_somebody_decides(app: &TestApp) {
    let path = format!("{}/cache", app.project("Project").await);
    let off = json!({"object": "organization.project.cache", "enabled": false, "ttl_seconds": 3600, "version": 1});
    assert_eq!(app.admin.get(&path).await.ok(), off);
    assert_eq!(app.admin.post(&path, json!({})).await.ok(), off);
    assert_eq!(app.admin.post(&path, json!({"enabled": false, "ttl_seconds": 3600})).await.ok(), off);
    let on = app.admin.post(&path, json!({"enabled": true})).await.ok();
    assert_eq!((&on["enabled"], &on["ttl_seconds"], &on["version"]), (&json!(true), &json!(3600), &json!(2)));
    let longer = app.admin.post(&path, json!({"ttl_seconds": 86_400})).await.ok();
    assert_eq!(
        (&longer["enabled"], &longer["ttl_seconds"], &longer["version"]),
        (&json!(true), &json!(86_400), &json!(3))
    );
    assert_eq!(app.admin.get(&path).await.ok(), longer);
    let purged = app.admin.post(&format!("{path}/purge"), json!({})).await.ok();
    assert_eq!(purged, json!({"object": "organization.project.cache.purged", "purged": true}));
    assert_eq!(app.admin.get(&path).await.ok(), longer);
    check_versions(&app.admin, &path, &json!({"ttl_seconds": 7})).await;
    let log = app.admin.get("/v1/organization/audit_logs?event_types[]=cache.updated").await.ok();
    let last = &log["data"].as_array().unwrap().last().unwrap()["cache.updated"];
    assert_eq!(last["changes_requested"], json!({"enabled": true}), "{last}");
}

async fn what_is_decided_is_checked(app: &TestApp) {
    let path = format!("{}/cache", app.project("Project").await);
    for (body, code, param) in [
        (json!({"ttl_seconds": 0}), "invalid_value", "ttl_seconds"),
        (json!({"ttl_seconds": 2_592_001}), "invalid_value", "ttl_seconds"),
        (json!({"ttl_seconds": "60"}), "invalid_type", "ttl_seconds"),
        (json!({"ttl_seconds": 1.5}), "invalid_type", "ttl_seconds"),
        (json!({"enabled": "yes"}), "invalid_type", "enabled"),
        (json!({"on": true}), "unknown_parameter", "on"),
    ] {
        app.admin.post(&path, body).await.assert_error(400, code, param);
    }
    let purge = format!("{path}/purge");
    app.admin.post(&purge, json!({"all": true})).await.assert_error(400, "unknown_parameter", "all");
    assert_eq!(app.admin.get(&path).await.ok()["version"], 1);
}

async fn it_answers_again_until_it_is_emptied_or_switched_off(app: &TestApp) {
    let project = project_of(app).await;
    let (path, key) = (format!("{project}/cache"), app.key_of(&project, "key").await);
    for _ in 0..2 {
        assert_eq!(chat(&key).await.header("cache-status"), None);
    }
    app.admin.post(&path, json!({"enabled": true, "ttl_seconds": 60})).await.ok();
    let first = chat(&key).await;
    assert_eq!(first.header("cache-status"), Some("Keyward; fwd=miss; stored"));
    app.clock.advance(10);
    let again = chat(&key).await;
    assert_eq!((again.header("cache-status"), again.header("age")), (Some("Keyward; hit; ttl=50"), Some("10")));
    assert_eq!(again.text(), first.text());
    app.clock.advance(50);
    assert!(!is_hit(&key).await && is_hit(&key).await);
    app.admin.post(&format!("{path}/purge"), json!({})).await.ok();
    assert!(!is_hit(&key).await && is_hit(&key).await);
    app.admin.post(&path, json!({"enabled": false})).await.ok();
    assert!(!is_hit(&key).await && !is_hit(&key).await);
    app.admin.post(&path, json!({"enabled": true})).await.ok();
    assert!(!is_hit(&key).await && is_hit(&key).await);
    // A stream has frames of its own.
    let body = json!({"model": "demo-small", "stream": true, "messages": [{"role": "user", "content": "Hi"}]});
    let streamed = key.post(CHAT, body.clone()).await;
    let again = key.post(CHAT, body).await;
    assert!(streamed.text().ends_with("data: [DONE]\n\n"), "{}", streamed.text());
    assert_eq!((again.text(), again.header("content-type")), (streamed.text(), streamed.header("content-type")));
    assert!(again.header("cache-status").unwrap().contains("; hit"));
}

async fn hits_are_counted_apart_and_cost_nothing(app: &TestApp) {
    let project = project_of(app).await;
    app.admin.post(&format!("{project}/cache"), json!({"enabled": true})).await.ok();
    let body = json!({"name": "capped", "max_requests": 1});
    let made = app.admin.post(&format!("{project}/api_keys"), body).await.ok();
    let key = app.nobody.with_key(made["value"].as_str().unwrap());
    let first = chat(&key).await.ok();
    let tokens = &first["usage"]["total_tokens"];
    app.clock.advance(5);
    for _ in 0..3 {
        assert!(is_hit(&key).await);
    }
    let path = format!("{project}/api_keys/{}", made["id"].as_str().unwrap());
    let read = app.admin.get(&path).await.ok();
    assert_eq!((&read["request_count"], &read["cached_count"]), (&json!(1), &json!(3)));
    assert_eq!((&read["usage"]["total_tokens"], &read["usage"]["cost_nanos"]), (tokens, &json!(0)));
    assert_eq!(read["last_used_at"], keyward_testkit::ManualClock::START + 5, "a hit is a use");
    let page = "/v1/organization/usage/completions?start_time=1700000000&bucket_width=1d&limit=31";
    let start = keyward_testkit::ManualClock::START - 86_400;
    let found = app.admin.get(&page.replace("1700000000", &start.to_string())).await.ok();
    let results: Vec<&Value> =
        found["data"].as_array().unwrap().iter().flat_map(|bucket| bucket["results"].as_array().unwrap()).collect();
    let counts = ["num_model_requests", "num_cached_requests"];
    let sum = counts.map(|name| results.iter().map(|result| result[name].as_i64().unwrap()).sum::<i64>());
    assert_eq!(sum, [1, 3], "{found}");
}

async fn another_organization_finds_nothing(app: &TestApp) {
    let path = format!("{}/cache", app.project("Project").await);
    let stranger = app.organization("Other", "other@example.com").await;
    stranger.get(&path).await.assert_error(404, "not_found", None);
    stranger.post(&path, json!({"enabled": true})).await.assert_error(404, "not_found", None);
    stranger.post(&format!("{path}/purge"), json!({})).await.assert_error(404, "not_found", None);
    assert_eq!(app.admin.get(&path).await.ok()["enabled"], false);
}
