//! `/organization/usage`, `/projects/{id}/usage`, and today's figures of a project.

use keyward_domain::role::BuiltIn;
use keyward_testkit::TestApp;
use serde_json::json;

use crate::support::{ESCAPED, HOSTILE, give_in, person, refused, shown};

const USAGE: &str = "/organization/usage";

/// A project with a key that made a call.
async fn used(app: &TestApp, name: &str, key: &str) -> String {
    let project = app.project(name).await;
    app.admin.post(&format!("{project}/credentials"), json!({"provider": "demo"})).await.ok();
    let key = app.key_of(&project, key).await;
    let body = json!({"model": "demo-small", "messages": [{"role": "user", "content": "Hello there"}]});
    key.post("/v1/chat/completions", body).await.ok();
    project
}

fn page_of(project: &str) -> String {
    format!("/projects/{}", project.rsplit('/').next().unwrap())
}

#[tokio::test]
async fn usage_is_shown_by_day_model_project_and_key() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    assert!(shown(&owner.get(USAGE).await).contains("No call was made in this time."));
    let project = used(&app, HOSTILE, "Worker").await;
    used(&app, "Other", "Second").await;
    let page = shown(&owner.get(USAGE).await);
    for part in
        ["By day", "By model", "By project", "By API key", "demo/demo-small", ESCAPED, "Worker", "Second", "$0.00"]
    {
        assert!(page.contains(part), "{part} isn't in {page}");
    }
    assert_eq!(page.matches("class=\"bar\"").count(), 7 + 1 + 2 + 2);
    assert_eq!(shown(&owner.get(&format!("{USAGE}?days=90")).await).matches("class=\"bar\"").count(), 90 + 5);
    let own = shown(&owner.get(&format!("{}/usage", page_of(&project))).await);
    assert!(own.contains("Worker") && !own.contains("Second") && !own.contains("By project"));
    let overview = shown(&owner.get(&page_of(&project)).await);
    assert!(overview.contains("<strong>1</strong><span>calls today (UTC)</span>"));
    app.finish().await;
}

#[tokio::test]
async fn who_may_not_read_usage_sees_none() {
    let app = TestApp::on_sqlite().await;
    let (ada, id) = person(&app, "ada@example.com", "Ada").await;
    let (one, two) = (used(&app, "One", "First key").await, used(&app, "Two", "Second key").await);
    give_in(&app, &one, &id, BuiltIn::ProjectAdmin).await;
    give_in(&app, &two, &id, BuiltIn::ProjectMember).await;
    refused(&ada.get(USAGE).await, 403, &["usage:read"]);
    assert!(shown(&ada.get(&format!("{}/usage", page_of(&one))).await).contains("First key"));
    refused(&ada.get(&format!("{}/usage", page_of(&two))).await, 403, &["usage:read"]);
    let overview = shown(&ada.get(&page_of(&two)).await);
    assert!(!overview.contains("today (UTC)") && !overview.contains("/usage\""));
    app.finish().await;
}
