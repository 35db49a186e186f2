//! `/organization/admin-keys`

use keyward_domain::role::BuiltIn;
use keyward_testkit::TestApp;
use serde_json::json;

use crate::support::{ESCAPED, HOSTILE, between, give, leads_to, person, refused, send, shown};

const KEYS: &str = "/organization/admin-keys";

#[tokio::test]
async fn a_key_is_made_shown_once_listed_and_deleted() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let project = app.project(HOSTILE).await;
    let project_id = project.rsplit('/').next().unwrap().to_owned();
    assert!(shown(&owner.get(&format!("{KEYS}/new")).await).contains(ESCAPED));
    let (viewer, auditor) = (format!("{project_id}:viewer"), BuiltIn::OrganizationAuditor.id().to_string());
    let fields = [
        ("name", HOSTILE),
        ("expires", "604800"),
        ("access", "some"),
        ("roles", &*auditor),
        ("grant", ""),
        ("grant", &*viewer),
    ];
    let page = shown(&send(&owner, KEYS, &fields).await);
    assert!(page.contains("it will not be shown again") && page.contains(ESCAPED));
    let secret = between(&page, "<code id=\"secret\">", "</code>").to_owned();
    let key = app.nobody.with_key(secret.clone());
    assert_eq!(key.get(&project).await.status, 200);
    key.post("/v1/organization/projects", json!({"name": "No"})).await.assert_error(
        403,
        "insufficient_permissions",
        None,
    );
    let list = shown(&owner.get(KEYS).await);
    assert!(!list.contains(&secret) && list.contains(&format!("Organization Auditor, Project Viewer in {ESCAPED}")));
    assert!(list.contains("in 7 days"));

    let row = between(&list, &format!("aria-label=\"Delete {ESCAPED}\""), ">").to_owned();
    let path = between(&row, "hx-get=\"", "\"").to_owned();
    assert!(shown(&owner.get(&path).await).contains("are refused from their next request on"));
    refused(&send(&owner, &path, &[("typed", "x")]).await, 400, &["id=\"typed-error\""]);
    assert_eq!(leads_to(&send(&owner, &path, &[("typed", HOSTILE)]).await), KEYS);
    assert_eq!(key.get(&project).await.status, 401);
    app.finish().await;
}

#[tokio::test]
async fn a_key_for_everything_has_to_be_chosen() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let nothing = [("name", "CI"), ("expires", ""), ("access", "some"), ("grant", "")];
    refused(
        &send(&owner, KEYS, &nothing).await,
        400,
        &["id=\"roles-error\"", "value=\"CI\"", "value=\"some\" data-shows checked"],
    );
    refused(&send(&owner, KEYS, &[("name", " "), ("access", "all")]).await, 400, &["id=\"name-error\""]);
    let long = [("name", "CI"), ("expires", "99999999"), ("access", "all")];
    refused(&send(&owner, KEYS, &long).await, 400, &["id=\"expires-error\""]);
    let before = app.admin.get("/v1/organization/admin_api_keys").await.ok()["data"].as_array().unwrap().len();
    shown(&send(&owner, KEYS, &[("name", "CI"), ("expires", ""), ("access", "all")]).await);
    let keys = app.admin.get("/v1/organization/admin_api_keys").await.ok();
    assert_eq!(keys["data"].as_array().unwrap().len(), before + 1);
    assert!(shown(&owner.get(KEYS).await).contains("All that its owner may"));
    app.finish().await;
}

#[tokio::test]
async fn who_only_reads_makes_no_key_and_nobody_raises_themselves() {
    let app = TestApp::on_sqlite().await;
    let (auditor, id) = person(&app, "auditor@example.com", "Auditor").await;
    assert_eq!(auditor.get(KEYS).await.status, 403);
    give(&app, &id, BuiltIn::OrganizationAuditor).await;
    let list = shown(&auditor.get(KEYS).await);
    assert!(!list.contains("admin-keys/new") && !list.contains("/delete"));
    assert_eq!(auditor.get(&format!("{KEYS}/new")).await.status, 403);
    let made = send(&auditor, KEYS, &[("name", "CI"), ("expires", ""), ("access", "all")]).await;
    refused(&made, 403, &["admin_keys:manage"]);
    let (admin, id) = person(&app, "admin@example.com", "Admin").await;
    give(&app, &id, BuiltIn::OrganizationAdmin).await;
    let form = shown(&admin.get(&format!("{KEYS}/new")).await);
    assert!(form.contains("Organization Admin") && !form.contains("Organization Owner"));
    app.finish().await;
}
