//! `…/budgets`, of a project and of the organization, and the budget in a key's
//! form.

use keyward_testkit::TestApp;
use serde_json::json;

use crate::support::{leads_to, manage, person, refused, send, shown};

const FIELDS: [(&str, &str); 4] = [
    ("budget_amount", "$1,000"),
    ("budget_window", "week"),
    ("budget_mode", "balanced"),
    ("budget_time_zone", "europe/berlin"),
];

#[tokio::test]
async fn a_budget_is_added_edited_and_deleted() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let project = app.project("Mine").await;
    for (list, api) in [
        (manage(&project, "budgets"), format!("{project}/budgets")),
        ("/organization/budgets".to_owned(), "/v1/organization/budgets".to_owned()),
    ] {
        assert!(shown(&owner.get(&list).await).contains("No budget yet"));
        shown(&owner.get(&format!("{list}/new")).await);
        let wrong = [("budget_amount", "lots"), ("budget_window", "week"), ("budget_mode", "strict")];
        refused(&send(&owner, &list, &wrong).await, 400, &["id=\"budget_amount-error\"", "value=\"lots\""]);
        refused(&send(&owner, &list, &[]).await, 400, &["id=\"budget_amount-error\""]);
        let mut zone = FIELDS;
        zone[3].1 = "Nowhere";
        refused(&send(&owner, &list, &zone).await, 400, &["id=\"budget_time_zone-error\"", "value=\"Nowhere\""]);

        assert_eq!(leads_to(&send(&owner, &list, &FIELDS).await), list);
        let made = app.admin.get(&api).await.ok()["data"][0].clone();
        assert_eq!((&made["amount"], &made["time_zone"]), (&json!("1000.00"), &json!("Europe/Berlin")));
        let listed = shown(&owner.get(&list).await);
        assert!(listed.contains("A week") && listed.contains("$1000.00") && listed.contains("balanced"));
        refused(&send(&owner, &list, &FIELDS).await, 409, &["id=\"budget_window-error\""]);

        let page = format!("{list}/{}", made["id"].as_str().unwrap());
        let shows = shown(&owner.get(&page).await);
        assert!(shows.contains("$1000.00 a week, balanced") && shows.contains("$0.00 spent"));
        let edit = [("budget_amount", "5"), ("budget_window", "day"), ("budget_mode", "strict"), ("version", "1")];
        assert_eq!(leads_to(&send(&owner, &page, &edit).await), list);
        refused(&send(&owner, &page, &edit).await, 412, &["Somebody else"]);
        let now = app.admin.get(&api).await.ok()["data"][0].clone();
        assert_eq!((&now["window"], &now["time_zone"]), (&json!("day"), &json!("UTC")));
        assert!(
            shown(&owner.get(&format!("{page}/delete")).await).contains("Delete the budget of $5.00 a day, strict?")
        );
        assert_eq!(leads_to(&send(&owner, &format!("{page}/delete"), &[]).await), list);
        assert_eq!(owner.get(&page).await.status, 404);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_keys_budget_stands_in_its_form() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let project = app.project("Mine").await;
    let keys = format!("/projects/{}/api-keys", project.rsplit('/').next().unwrap());
    let mut fields = vec![("name", "Worker"), ("expires", "")];
    fields.extend(FIELDS);
    shown(&send(&owner, &keys, &fields).await);
    let key = app.admin.get(&format!("{project}/api_keys")).await.ok()["data"][0].clone();
    assert_eq!(key["budget"]["amount"], "1000.00");
    let page = format!("{keys}/{}", key["id"].as_str().unwrap());
    assert!(shown(&owner.get(&page).await).contains("value=\"1000.00\""));
    let edit = [("name", "Worker"), ("status", "active"), ("expires", "keep"), ("budget_amount", ""), ("version", "1")];
    leads_to(&send(&owner, &page, &edit).await);
    let key = app.admin.get(&format!("{project}/api_keys")).await.ok()["data"][0].clone();
    assert_eq!(key["budget"], json!(null));
    app.finish().await;
}

#[tokio::test]
async fn a_viewer_sees_budgets_and_is_offered_no_change() {
    let app = TestApp::on_sqlite().await;
    let project = app.project("Mine").await;
    let budget = app.admin.post(&format!("{project}/budgets"), json!({"amount": "5"})).await.ok();
    let (viewer, id) = person(&app, "viewer@example.com", "Vera").await;
    app.admin.post(&format!("{project}/users"), json!({"user_id": id, "role": "viewer"})).await.ok();
    let list = manage(&project, "budgets");
    let listed = shown(&viewer.get(&list).await);
    assert!(listed.contains("A month") && !listed.contains("Add a budget"));
    let page = format!("{list}/{}", budget["id"].as_str().unwrap());
    assert!(!shown(&viewer.get(&page).await).contains("<h2>Edit</h2>"));
    assert_eq!(viewer.get(&format!("{list}/new")).await.status, 403);
    assert_eq!(send(&viewer, &page, &FIELDS).await.status, 403);
    assert_eq!(send(&viewer, &format!("{page}/delete"), &[]).await.status, 403);
    assert!(viewer.get("/organization/budgets").await.status >= 403);
    app.finish().await;
}
