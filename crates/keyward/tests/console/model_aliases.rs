//! `/projects/{id}/manage/model-aliases`

use keyward_testkit::TestApp;
use serde_json::json;

use crate::support::{leads_to, manage, person, refused, send, shown};

#[tokio::test]
async fn an_alias_is_added_edited_and_deleted() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let project = app.project("Mine").await;
    app.admin.post(&format!("{project}/credentials"), json!({"provider": "demo", "name": "Our second"})).await.ok();
    let list = manage(&project, "model-aliases");
    let empty = shown(&owner.get(&list).await);
    assert!(empty.contains("No alias yet") && empty.contains("aria-current=\"page\">Model aliases</a>"));
    shown(&owner.get(&format!("{list}/new")).await);
    let wrong = send(&owner, &list, &[("name", " "), ("targets", "gpt-4o")]).await;
    refused(&wrong, 400, &["id=\"name-error\"", "gpt-4o"]);
    for targets in ["", "gpt-4o | weight 0", "gpt-4o | credential Nobody"] {
        let wrong = send(&owner, &list, &[("name", "smart"), ("targets", targets)]).await;
        refused(&wrong, 400, &["id=\"targets-error\"", "value=\"smart\""]);
    }
    let targets = "openai/<b> | weight 3\r\ndemo-small | priority 1 | credential Our second";
    let fields = [("name", "smart"), ("targets", targets)];
    assert_eq!(leads_to(&send(&owner, &list, &fields).await), list);
    refused(&send(&owner, &list, &fields).await, 409, &["id=\"name-error\""]);
    let made = app.admin.get(&format!("{project}/model_aliases")).await.ok()["data"][0].clone();
    assert_eq!((&made["targets"][0]["weight"], &made["targets"][1]["priority"]), (&json!(3), &json!(1)));
    assert!(made["targets"][1]["credential_id"].is_string());
    let listed = shown(&owner.get(&list).await);
    assert!(listed.contains("openai/&#60;b&#62; | weight 3") && listed.contains("| credential Our second"));

    let page = format!("{list}/{}", made["id"].as_str().unwrap());
    assert!(shown(&owner.get(&page).await).contains("demo-small | priority 1 | credential Our second"));
    let edit = [("name", "smarter"), ("targets", "gpt-4o"), ("version", "1")];
    assert_eq!(leads_to(&send(&owner, &page, &edit).await), list);
    refused(&send(&owner, &page, &edit).await, 412, &["Somebody else"]);
    assert!(shown(&owner.get(&format!("{page}/delete")).await).contains("Delete the alias smarter?"));
    assert_eq!(leads_to(&send(&owner, &format!("{page}/delete"), &[]).await), list);
    assert_eq!(owner.get(&page).await.status, 404);
    app.finish().await;
}

#[tokio::test]
async fn who_may_not_manage_credentials_is_offered_no_change() {
    let app = TestApp::on_sqlite().await;
    let project = app.project("Mine").await;
    let body = json!({"name": "smart", "targets": [{"model": "gpt-4o"}]});
    let alias = app.admin.post(&format!("{project}/model_aliases"), body).await.ok();
    let (viewer, id) = person(&app, "viewer@example.com", "Vera").await;
    app.admin.post(&format!("{project}/users"), json!({"user_id": id, "role": "viewer"})).await.ok();
    let list = manage(&project, "model-aliases");
    let listed = shown(&viewer.get(&list).await);
    assert!(listed.contains("smart") && !listed.contains("Add an alias"));
    let page = format!("{list}/{}", alias["id"].as_str().unwrap());
    assert!(!shown(&viewer.get(&page).await).contains("<h2>Edit</h2>"));
    assert_eq!(viewer.get(&format!("{list}/new")).await.status, 403);
    assert_eq!(send(&viewer, &page, &[("name", "x"), ("targets", "y")]).await.status, 403);
    assert_eq!(send(&viewer, &format!("{page}/delete"), &[]).await.status, 403);
    app.finish().await;
}
