//! `/organization/settings`

use keyward_domain::role::BuiltIn;
use keyward_testkit::TestApp;
use serde_json::json;

use crate::support::{ESCAPED, HOSTILE, between, give, leads_to, person, refused, send, shown};

const SETTINGS: &str = "/organization/settings";

#[tokio::test]
async fn the_organization_is_renamed() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let page = shown(&owner.get(SETTINGS).await);
    let version = between(&page, "name=\"version\" value=\"", "\"").to_owned();
    refused(&send(&owner, SETTINGS, &[("name", ""), ("version", &version)]).await, 400, &["id=\"name-error\""]);
    refused(&send(&owner, SETTINGS, &[("name", "Second"), ("version", &version)]).await, 409, &["id=\"name-error\""]);
    assert_eq!(leads_to(&send(&owner, SETTINGS, &[("name", HOSTILE), ("version", &version)]).await), SETTINGS);
    assert_eq!(app.admin.get("/v1/organization").await.ok()["name"], HOSTILE);
    assert!(shown(&owner.get(SETTINGS).await).contains(ESCAPED));
    let late = send(&owner, SETTINGS, &[("name", "Mine"), ("version", &version)]).await;
    refused(&late, 412, &["Somebody else changed this organization", ESCAPED, "value=\"Mine\""]);
    app.finish().await;
}

#[tokio::test]
async fn single_sign_on_is_required_and_no_longer() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    assert!(shown(&owner.get(&format!("{SETTINGS}/sso/require")).await).contains("Require single sign-on?"));
    let early = send(&owner, &format!("{SETTINGS}/sso/require"), &[]).await;
    refused(&early, 409, &["There is no enabled single sign-on provider"]);
    let body = json!({"name": "Login", "issuer": "http://127.0.0.1:9", "client_id": "keyward"});
    app.admin.post("/v1/organization/sso_providers", body).await.ok();
    let (ada, _) = person(&app, "ada@example.com", "Ada").await;
    assert_eq!(leads_to(&send(&owner, &format!("{SETTINGS}/sso/require"), &[]).await), SETTINGS);
    assert_eq!(app.admin.get("/v1/organization").await.ok()["sso_required"], true);
    assert_eq!(ada.get("/v1/account").await.status, 401, "she came by a password");
    assert!(shown(&owner.get(SETTINGS).await).contains("Owners may use their password too"));
    assert_eq!(leads_to(&send(&owner, &format!("{SETTINGS}/sso/stop"), &[]).await), SETTINGS);
    assert_eq!(app.admin.get("/v1/organization").await.ok()["sso_required"], false);
    assert_eq!(owner.get(&format!("{SETTINGS}/sso/other")).await.status, 404);
    app.finish().await;
}

#[tokio::test]
async fn who_only_reads_sees_no_form() {
    let app = TestApp::on_sqlite().await;
    let (admin, id) = person(&app, "admin@example.com", "Admin").await;
    give(&app, &id, BuiltIn::OrganizationAdmin).await;
    let page = shown(&admin.get(SETTINGS).await);
    assert!(page.contains("<dd>First</dd>") && !page.contains("name=\"name\"") && !page.contains("sso/require"));
    refused(&send(&admin, SETTINGS, &[("name", "Mine")]).await, 403, &["organization:update"]);
    refused(&send(&admin, &format!("{SETTINGS}/sso/require"), &[]).await, 403, &["organization:update"]);
    let nobody = app.nobody.with_browser();
    assert_eq!(nobody.get(SETTINGS).await.header("location"), Some("/login?next=%2Forganization%2Fsettings"));
    app.finish().await;
}
