//! `/projects/{id}/manage/cache`, and what keys show of it.

use keyward_testkit::TestApp;
use serde_json::json;

use crate::support::{leads_to, manage, person, refused, send, shown};

#[tokio::test]
async fn a_cache_is_switched_on_emptied_and_switched_off() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let project = app.project("Mine").await;
    let page = manage(&project, "cache");
    let off = shown(&owner.get(&page).await);
    assert!(off.contains("aria-current=\"page\">Cache</a>") && off.contains("1 hour, once it is on"), "{off}");
    assert!(!off.contains("Empty the cache"));
    let wrong = [("enabled", "on"), ("ttl", "31"), ("unit", "86400"), ("version", "1")];
    refused(&send(&owner, &page, &wrong).await, 400, &["id=\"ttl-error\"", "value=\"31\"", "checked"]);

    let on = [("enabled", "on"), ("ttl", "90"), ("unit", "60"), ("version", "1")];
    assert_eq!(leads_to(&send(&owner, &page, &on).await), page);
    let decided = app.admin.get(&format!("{project}/cache")).await.ok();
    assert_eq!((&decided["enabled"], &decided["ttl_seconds"]), (&json!(true), &json!(5400)));
    refused(&send(&owner, &page, &[("ttl", "5"), ("unit", "60"), ("version", "1")]).await, 412, &["Somebody else"]);
    let shows = shown(&owner.get(&page).await);
    assert!(shows.contains("90 minutes") && shows.contains("Empty the cache"), "{shows}");

    let purge = format!("{page}/purge");
    assert!(shown(&owner.get(&purge).await).contains("Empty the cache of Mine?"));
    assert_eq!(leads_to(&send(&owner, &purge, &[]).await), page);
    assert_eq!(leads_to(&send(&owner, &page, &[("ttl", "1"), ("unit", "3600"), ("version", "2")]).await), page);
    let decided = app.admin.get(&format!("{project}/cache")).await.ok();
    assert_eq!((&decided["enabled"], &decided["ttl_seconds"]), (&json!(false), &json!(3600)));
    let log = app.admin.get("/v1/organization/audit_logs?event_types[]=cache.*").await.ok();
    let types: Vec<_> = log["data"].as_array().unwrap().iter().map(|event| event["type"].clone()).collect();
    assert_eq!(types, ["cache.updated", "cache.purged", "cache.updated"]);
    app.finish().await;
}

#[tokio::test]
async fn a_viewer_sees_the_cache_and_is_offered_no_change() {
    let app = TestApp::on_sqlite().await;
    let project = app.project("Mine").await;
    app.admin.post(&format!("{project}/cache"), json!({"enabled": true})).await.ok();
    let (viewer, id) = person(&app, "viewer@example.com", "Vera").await;
    app.admin.post(&format!("{project}/users"), json!({"user_id": id, "role": "viewer"})).await.ok();
    let page = manage(&project, "cache");
    let shows = shown(&viewer.get(&page).await);
    assert!(shows.contains("1 hour") && !shows.contains("Change it") && !shows.contains("Empty the cache"));
    assert_eq!(viewer.get(&format!("{page}/purge")).await.status, 403);
    assert_eq!(send(&viewer, &page, &[("ttl", "9"), ("unit", "1")]).await.status, 403);
    assert_eq!(send(&viewer, &format!("{page}/purge"), &[]).await.status, 403);
    app.finish().await;
}

#[tokio::test]
async fn what_the_cache_answered_is_shown_of_a_key_and_in_usage() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let project = app.project("Mine").await;
    app.admin.post(&format!("{project}/cache"), json!({"enabled": true})).await.ok();
    app.admin.post(&format!("{project}/credentials"), json!({"provider": "demo"})).await.ok();
    let key = app.key_of(&project, "Worker").await;
    for _ in 0..3 {
        let body = json!({"model": "demo-small", "messages": [{"role": "user", "content": "Hi"}]});
        key.post("/v1/chat/completions", body).await.ok();
    }
    let root = format!("/projects/{}", project.rsplit('/').next().unwrap());
    let listed = shown(&owner.get(&format!("{root}/api-keys")).await);
    assert!(listed.contains("Cached") && listed.contains("<td class=\"number nowrap\">2</td>"), "{listed}");
    let id = app.admin.get(&format!("{project}/api_keys")).await.ok()["data"][0]["id"].as_str().unwrap().to_owned();
    let page = shown(&owner.get(&format!("{root}/api-keys/{id}")).await);
    assert!(page.contains("<dt>Answered from the cache</dt><dd>2</dd>"), "{page}");
    let usage = shown(&owner.get(&format!("{root}/usage")).await);
    assert!(usage.contains("and 2 from the cache") && usage.contains("calls answered from the cache"), "{usage}");
    app.finish().await;
}
