//! `/projects/{id}/manage/limits`, and the limits in a key's form.

use keyward_testkit::TestApp;
use serde_json::json;

use crate::support::{leads_to, manage, person, refused, send, shown};

#[tokio::test]
async fn a_limit_is_added_edited_and_deleted() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let project = app.project("Mine").await;
    let list = manage(&project, "limits");
    let empty = shown(&owner.get(&list).await);
    assert!(empty.contains("No limit yet") && empty.contains("aria-current=\"page\">Limits</a>"));
    shown(&owner.get(&format!("{list}/new")).await);
    let wrong = send(&owner, &list, &[("model", "["), ("requests_per_minute", "60")]).await;
    refused(&wrong, 400, &["id=\"model-error\"", "value=\"60\""]);
    let wrong = send(&owner, &list, &[("model", "gpt*"), ("tokens_per_minute", "many")]).await;
    refused(&wrong, 400, &["id=\"tokens_per_minute-error\"", "value=\"gpt*\""]);
    refused(&send(&owner, &list, &[("model", "gpt*")]).await, 400, &["id=\"requests_per_minute-error\""]);

    let fields = [("model", "<img>*"), ("requests_per_minute", "1,000"), ("parallel_requests", "2")];
    assert_eq!(leads_to(&send(&owner, &list, &fields).await), list);
    let made = app.admin.get(&format!("{project}/limits")).await.ok()["data"][0].clone();
    assert_eq!((&made["requests_per_minute"], &made["tokens_per_minute"]), (&json!(1000), &json!(null)));
    let listed = shown(&owner.get(&list).await);
    assert!(listed.contains("&#60;img&#62;*") && listed.contains("1,000") && listed.contains("∞"));
    refused(&send(&owner, &list, &fields).await, 409, &["id=\"model-error\""]);

    let page = format!("{list}/{}", made["id"].as_str().unwrap());
    let shows = shown(&owner.get(&page).await);
    assert!(shows.contains("1,000 requests/min · 2 at a time") && shows.contains("value=\"1000\""));
    let edit = [("model", "gpt*"), ("requests_per_minute", "5"), ("version", "1")];
    assert_eq!(leads_to(&send(&owner, &page, &edit).await), list);
    refused(&send(&owner, &page, &edit).await, 412, &["Somebody else"]);
    let now = app.admin.get(&format!("{project}/limits")).await.ok()["data"][0].clone();
    assert_eq!((&now["model"], &now["parallel_requests"]), (&json!("gpt*"), &json!(null)));
    assert!(shown(&owner.get(&format!("{page}/delete")).await).contains("Delete the limit of gpt*?"));
    assert_eq!(leads_to(&send(&owner, &format!("{page}/delete"), &[]).await), list);
    assert_eq!(owner.get(&page).await.status, 404);
    app.finish().await;
}

#[tokio::test]
async fn a_viewer_sees_limits_and_is_offered_no_change() {
    let app = TestApp::on_sqlite().await;
    let project = app.project("Mine").await;
    let limit = app.admin.post(&format!("{project}/limits"), json!({"requests_per_minute": 5})).await.ok();
    let (viewer, id) = person(&app, "viewer@example.com", "Vera").await;
    app.admin.post(&format!("{project}/users"), json!({"user_id": id, "role": "viewer"})).await.ok();
    let list = manage(&project, "limits");
    let listed = shown(&viewer.get(&list).await);
    assert!(listed.contains("All calls") && !listed.contains("Add a limit"));
    let page = format!("{list}/{}", limit["id"].as_str().unwrap());
    assert!(!shown(&viewer.get(&page).await).contains("<h2>Edit</h2>"));
    assert_eq!(viewer.get(&format!("{list}/new")).await.status, 403);
    assert_eq!(send(&viewer, &page, &[("requests_per_minute", "9")]).await.status, 403);
    assert_eq!(send(&viewer, &format!("{page}/delete"), &[]).await.status, 403);
    app.finish().await;
}

#[tokio::test]
async fn a_keys_limits_are_set_and_taken_away_in_its_form() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let project = app.project("Mine").await;
    let root = format!("/projects/{}/api-keys", project.rsplit('/').next().unwrap());
    let wrong = [("name", "Worker"), ("expires", ""), ("requests_per_minute", "0")];
    refused(&send(&owner, &root, &wrong).await, 400, &["id=\"requests_per_minute-error\""]);
    shown(&send(&owner, &root, &[("name", "Worker"), ("expires", ""), ("requests_per_minute", "60")]).await);
    let key = app.admin.get(&format!("{project}/api_keys")).await.ok()["data"][0].clone();
    assert_eq!(key["limits"]["requests_per_minute"], 60);
    assert!(shown(&owner.get(&root).await).contains("Rates"));
    let page = format!("{root}/{}", key["id"].as_str().unwrap());
    assert!(shown(&owner.get(&page).await).contains("name=\"requests_per_minute\""));
    let edit =
        [("name", "Worker"), ("status", "active"), ("expires", "keep"), ("parallel_requests", "3"), ("version", "1")];
    leads_to(&send(&owner, &page, &edit).await);
    let key = app.admin.get(&format!("{project}/api_keys")).await.ok()["data"][0].clone();
    assert_eq!(
        key["limits"],
        json!({"requests_per_minute": null, "tokens_per_minute": null, "parallel_requests": 3, "shadow": false})
    );
    app.finish().await;
}
