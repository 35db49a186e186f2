//! `/organization/roles`: built-in and custom roles, and what they hold.

use keyward_domain::{permission::Permission, role::BuiltIn};
use keyward_testkit::TestApp;
use serde_json::json;

use crate::support::{ESCAPED, HOSTILE, between, give, leads_to, person, refused, send, shown};

const ROLES: &str = "/organization/roles";
const API: &str = "/v1/organization/roles";

/// The id of the only custom role.
async fn only_role(app: &TestApp) -> serde_json::Value {
    let all = app.admin.get(API).await.ok();
    all["data"].as_array().unwrap().iter().find(|role| role["predefined_role"] == false).unwrap().clone()
}

#[tokio::test]
async fn the_matrix_is_what_the_rules_say() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let fields = [("name", HOSTILE), ("description", ""), ("permissions", "audit:read")];
    assert_eq!(leads_to(&send(&owner, ROLES, &fields).await), ROLES);
    let page = shown(&owner.get(&format!("{ROLES}/permissions")).await);
    let columns: Vec<_> = between(&page, "<thead>", "</thead>").matches("scope=\"col\"").collect();
    assert_eq!(columns.len(), 1 + BuiltIn::ALL.len() + 1, "every built-in role, and the one of our own");
    assert!(page.contains(ESCAPED));
    for permission in Permission::ALL {
        let row = between(&page, &format!("<code>{permission}</code>"), "</tr>");
        let cells: Vec<_> = row.split("<td>").skip(1).map(|cell| cell.contains(">yes<")).collect();
        let mut expected: Vec<_> = BuiltIn::ALL.iter().map(|role| role.holds(*permission)).collect();
        expected.push(*permission == Permission::AuditRead);
        assert_eq!(cells, expected, "{permission}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_role_is_made_and_edited() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let list = shown(&owner.get(ROLES).await);
    for role in BuiltIn::ALL {
        assert!(list.contains(role.name()), "{}", role.name());
    }
    let form = shown(&owner.get(&format!("{ROLES}/new")).await);
    assert!(form.contains("value=\"api_keys:create\"") && form.contains("value=\"organization:update\""));
    refused(&send(&owner, ROLES, &[("name", "Keys")]).await, 400, &["id=\"permissions-error\"", "value=\"Keys\""]);
    let wrong = [("name", ""), ("permissions", "api_keys:read")];
    refused(&send(&owner, ROLES, &wrong).await, 400, &["id=\"name-error\"", "value=\"api_keys:read\" checked"]);
    let taken = [("name", "Project Admin"), ("permissions", "api_keys:read")];
    refused(&send(&owner, ROLES, &taken).await, 409, &["id=\"name-error\""]);
    let fields = [
        ("name", "Key keeper"),
        ("description", HOSTILE),
        ("permissions", "api_keys:read"),
        ("permissions", "api_keys:create"),
    ];
    assert_eq!(leads_to(&send(&owner, ROLES, &fields).await), ROLES);
    let role = only_role(&app).await;
    assert_eq!(
        (&role["name"], &role["permissions"]),
        (&json!("Key keeper"), &json!(["api_keys:read", "api_keys:create"]))
    );
    let page = format!("{ROLES}/{}", role["id"].as_str().unwrap());
    let shows = shown(&owner.get(&page).await);
    assert!(shows.contains(ESCAPED) && shows.contains("value=\"api_keys:create\" checked"));
    let version = between(&shows, "name=\"version\" value=\"", "\"").to_owned();

    let edit = [("name", "Keeper"), ("description", ""), ("permissions", "api_keys:read"), ("version", &*version)];
    assert_eq!(leads_to(&send(&owner, &page, &edit).await), page);
    assert_eq!(only_role(&app).await["permissions"], json!(["api_keys:read"]));
    let late = [("name", "Mine"), ("description", ""), ("permissions", "audit:read"), ("version", &*version)];
    let overtaken = send(&owner, &page, &late).await;
    refused(&overtaken, 412, &["Somebody else changed this role", "<dd>Keeper</dd>", "value=\"Mine\""]);
    let text = overtaken.text().into_owned();
    assert!(between(&text, "As it is now", "</dl>").contains("api_keys:read"));
    let newer = between(&text, "name=\"version\" value=\"", "\"");
    let late = [("name", "Mine"), ("description", ""), ("permissions", "audit:read"), ("version", newer)];
    assert_eq!(leads_to(&send(&owner, &page, &late).await), page);
    assert_eq!(only_role(&app).await["name"], "Mine");

    let built_in = format!("{ROLES}/{}", BuiltIn::OrganizationAuditor.id());
    let shows = shown(&owner.get(&built_in).await);
    assert!(
        shows.contains("A built-in role can&#39;t be changed") || shows.contains("A built-in role can't be changed")
    );
    assert!(!shows.contains("name=\"permissions\"") && !shows.contains("/delete"));
    assert_eq!(owner.get(&format!("{built_in}/delete")).await.status, 404);
    app.finish().await;
}

#[tokio::test]
async fn a_role_that_is_held_goes_only_for_another() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let body = json!({"role_name": "Reader", "permissions": ["audit:read"]});
    let role = app.admin.post(API, body).await.ok()["id"].as_str().unwrap().to_owned();
    let (_, ada) = person(&app, "ada@example.com", "Ada").await;
    app.admin.post(&format!("/v1/organization/users/{ada}/roles"), json!({"role_id": role})).await.ok();
    let path = format!("{ROLES}/{role}/delete");
    assert!(shown(&owner.get(&format!("{ROLES}/{role}")).await).contains("ada@example.com"));
    let ask = shown(&owner.get(&path).await);
    assert!(ask.contains("It is held by ada@example.com.") && ask.contains("They hold instead"));
    assert!(!ask.contains(&BuiltIn::OrganizationOwner.id().to_string()), "owners are made one by one");
    let without = send(&owner, &path, &[("typed", "Reader"), ("replacement_role_id", "")]).await;
    refused(&without, 400, &["id=\"replacement_role_id-error\""]);
    let auditor = BuiltIn::OrganizationAuditor.id().to_string();
    let untyped = send(&owner, &path, &[("typed", "reader"), ("replacement_role_id", &auditor)]).await;
    refused(&untyped, 400, &["id=\"typed-error\"", &format!("value=\"{auditor}\" selected")]);
    let done = send(&owner, &path, &[("typed", "Reader"), ("replacement_role_id", &auditor)]).await;
    assert_eq!(leads_to(&done), ROLES);
    let held = app.admin.get(&format!("/v1/organization/users/{ada}/roles")).await.ok();
    assert!(held.to_string().contains("Organization Auditor"));
    app.admin.get(&format!("{API}/{role}")).await.assert_error(404, "not_found", None);

    let body = json!({"role_name": "Unused", "permissions": ["audit:read"]});
    let unused = app.admin.post(API, body).await.ok()["id"].as_str().unwrap().to_owned();
    let path = format!("{ROLES}/{unused}/delete");
    assert!(!shown(&owner.get(&path).await).contains("They hold instead"));
    assert_eq!(leads_to(&send(&owner, &path, &[("typed", "Unused")]).await), ROLES);
    app.finish().await;
}

#[tokio::test]
async fn nobody_is_offered_more_than_they_hold() {
    let app = TestApp::on_sqlite().await;
    let (admin, id) = person(&app, "admin@example.com", "Admin").await;
    give(&app, &id, BuiltIn::OrganizationAdmin).await;
    let form = shown(&admin.get(&format!("{ROLES}/new")).await);
    assert!(form.contains("value=\"audit:read\"") && !form.contains("value=\"organization:update\""));
    let fields = [("name", "More"), ("permissions", "organization:update")];
    refused(&send(&admin, ROLES, &fields).await, 403, &["organization:update"]);
    let (auditor, id) = person(&app, "auditor@example.com", "Auditor").await;
    assert_eq!(auditor.get(ROLES).await.status, 403);
    give(&app, &id, BuiltIn::OrganizationAuditor).await;
    assert!(!shown(&auditor.get(ROLES).await).contains("roles/new"));
    assert_eq!(auditor.get(&format!("{ROLES}/new")).await.status, 403);
    let body = json!({"role_name": "Reader", "permissions": ["audit:read"]});
    let role = app.admin.post(API, body).await.ok()["id"].as_str().unwrap().to_owned();
    let page = shown(&auditor.get(&format!("{ROLES}/{role}")).await);
    assert!(page.contains("audit:read") && !page.contains("name=\"permissions\"") && !page.contains("/delete"));
    let edit = [("name", "Mine"), ("permissions", "audit:read"), ("version", "1")];
    refused(&send(&auditor, &format!("{ROLES}/{role}"), &edit).await, 403, &["roles:manage"]);
    let stranger = app.person("second@example.com").await;
    assert_eq!(stranger.get(&format!("{ROLES}/{role}")).await.status, 404);
    app.finish().await;
}

#[tokio::test]
async fn a_projects_roles_are_its_own() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let project = app.project("Mine").await.rsplit('/').next().unwrap().to_owned();
    let roles = format!("/projects/{project}/manage/roles");
    let form = shown(&owner.get(&format!("{roles}/new")).await);
    assert!(form.contains("value=\"llm:invoke\"") && !form.contains("value=\"projects:create\""));
    let fields = [("name", HOSTILE), ("permissions", "llm:invoke")];
    assert_eq!(leads_to(&send(&owner, &roles, &fields).await), roles);
    let list = shown(&owner.get(&roles).await);
    assert!(list.contains(ESCAPED) && list.contains("Project Viewer") && !list.contains("Organization Auditor"));
    assert!(!shown(&owner.get(ROLES).await).contains(ESCAPED));
    let made = app.admin.get(&format!("/v1/projects/{project}/roles")).await.ok();
    let role = made["data"].as_array().unwrap().iter().find(|role| role["name"] == HOSTILE).unwrap();
    let page = format!("{roles}/{}", role["id"].as_str().unwrap());
    assert!(shown(&owner.get(&page).await).contains("value=\"llm:invoke\" checked"));
    assert_eq!(owner.get(&format!("{ROLES}/{}", role["id"].as_str().unwrap())).await.status, 404);
    assert_eq!(leads_to(&send(&owner, &format!("{page}/delete"), &[("typed", HOSTILE)]).await), roles);
    app.finish().await;
}
