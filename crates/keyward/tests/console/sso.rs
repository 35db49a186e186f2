//! `/organization/sso`

use keyward_domain::role::BuiltIn;
use keyward_testkit::TestApp;
use serde_json::{Value, json};

use crate::support::{ESCAPED, HOSTILE, between, give, leads_to, person, refused, send, shown};

const SSO: &str = "/organization/sso";
const API: &str = "/v1/organization/sso_providers";
const SECRET: &str = "client-secret-0123456789-of-a-test";

async fn provider(app: &TestApp) -> Value {
    app.admin.get(API).await.ok()["data"][0].clone()
}

#[tokio::test]
async fn a_provider_is_connected_edited_tested_and_disconnected() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let empty = shown(&owner.get(SSO).await);
    assert!(empty.contains("No identity provider is connected") && empty.contains("/v1/auth/sso/callback/"));
    let group = app.admin.post("/v1/organization/groups", json!({"name": HOSTILE})).await.ok();
    let group = format!("group:{}", group["id"].as_str().unwrap());
    let form = shown(&owner.get(&format!("{SSO}/new")).await);
    assert!(form.contains(ESCAPED) && form.contains(&group) && form.contains("/v1/auth/sso/callback/"));
    assert!(!form.contains(&BuiltIn::OrganizationOwner.id().to_string()), "no claim makes an owner");

    let mut fields = vec![
        ("name", HOSTILE),
        ("issuer", "nowhere"),
        ("client_id", "keyward"),
        ("client_secret", SECRET),
        ("scopes", "openid email"),
        ("claim_1", "groups"),
        ("value_1", "staff"),
        ("gives_1", &*group),
        ("project_1", ""),
    ];
    let wrong = send(&owner, SSO, &fields).await;
    refused(&wrong, 400, &["id=\"issuer-error\"", "value=\"staff\"", &format!("value=\"{group}\" selected")]);
    assert!(!wrong.text().contains(SECRET));
    fields[1].1 = "http://127.0.0.1:9";
    fields.extend([("claim_2", "groups"), ("value_2", "x")]);
    refused(&send(&owner, SSO, &fields).await, 400, &["id=\"mapping_2-error\"", "Choose what it gives."]);
    fields.truncate(9);
    let page = leads_to(&send(&owner, SSO, &fields).await);
    let made = provider(&app).await;
    assert_eq!(page, format!("{SSO}/{}", made["id"].as_str().unwrap()));
    assert_eq!((&made["enabled"], &made["creates_members"]), (&json!(false), &json!(false)));
    assert_eq!(made["mappings"][0]["group_id"], group.strip_prefix("group:").unwrap());
    assert!(shown(&owner.get(SSO).await).contains(ESCAPED));

    let shows = shown(&owner.get(&page).await);
    assert!(shows.contains("client-...test") && !shows.contains(SECRET) && shows.contains("/start"));
    let version = between(&shows, "name=\"version\" value=\"", "\"").to_owned();
    let role = format!("role:{}", BuiltIn::ProjectViewer.id());
    let project = app.project("Mine").await.rsplit('/').next().unwrap().to_owned();
    let mut edit = vec![
        ("name", "Login"),
        ("issuer", "http://127.0.0.1:9"),
        ("client_id", "keyward"),
        ("client_secret", ""),
        ("scopes", "openid email groups"),
        ("enabled", "yes"),
        ("creates_members", "yes"),
        ("claim_0", "team"),
        ("value_0", "search"),
        ("gives_0", &*role),
        ("project_0", &*project),
        ("version", &*version),
    ];
    assert_eq!(leads_to(&send(&owner, &page, &edit).await), page);
    let saved = provider(&app).await;
    assert_eq!((&saved["enabled"], &saved["redacted_value"]), (&json!(true), &json!("client-...test")));
    assert_eq!(saved["mappings"].as_array().unwrap().len(), 1);
    assert_eq!(saved["mappings"][0]["project_id"], project);
    refused(&send(&owner, &page, &edit).await, 412, &["Somebody else changed this provider"]);
    let version = saved["version"].to_string();
    edit[11].1 = &version;
    edit[1].1 = "http://127.0.0.1:10";
    refused(&send(&owner, &page, &edit).await, 400, &["id=\"client_secret-error\""]);
    edit[1].1 = "http://127.0.0.1:9";
    edit.push(("public", "yes"));
    assert_eq!(leads_to(&send(&owner, &page, &edit).await), page);
    assert_eq!(provider(&app).await["redacted_value"], json!(null));

    let tested = shown(&send(&owner, &format!("{page}/test"), &[]).await);
    assert!(tested.contains("The provider can't be used") && tested.contains("Test of Login"), "{tested}");
    refused(&send(&owner, &format!("{page}/delete"), &[("typed", "x")]).await, 400, &["id=\"typed-error\""]);
    assert_eq!(leads_to(&send(&owner, &format!("{page}/delete"), &[("typed", "Login")]).await), SSO);
    assert_eq!(app.admin.get(API).await.ok()["data"], json!([]));
    app.finish().await;
}

#[tokio::test]
async fn only_owners_connect_a_provider_or_point_it_elsewhere() {
    let app = TestApp::on_sqlite().await;
    let (keeper, id) = person(&app, "keeper@example.com", "Keeper").await;
    assert_eq!(keeper.get(SSO).await.status, 403);
    let body = json!({"role_name": "Keeper", "permissions": ["sso:manage", "groups:read", "organization:read"]});
    let role = app.admin.post("/v1/organization/roles", body).await.ok();
    app.admin.post(&format!("/v1/organization/users/{id}/roles"), json!({"role_id": role["id"]})).await.ok();
    assert!(shown(&keeper.get(SSO).await).contains("Only an owner can connect one"));
    assert_eq!(keeper.get(&format!("{SSO}/new")).await.status, 403);
    let body = json!({"name": "Login", "issuer": "http://127.0.0.1:9", "client_id": "keyward"});
    let made = app.admin.post(API, body).await.ok();
    let page = format!("{SSO}/{}", made["id"].as_str().unwrap());
    let shows = shown(&keeper.get(&page).await);
    assert!(!shows.contains("name=\"issuer\"") && shows.contains("name=\"scopes\""));
    let edit = [("name", "Login"), ("issuer", "http://127.0.0.1:10"), ("scopes", "openid"), ("version", "1")];
    assert_eq!(leads_to(&send(&keeper, &page, &edit).await), page);
    let saved = provider(&app).await;
    assert_eq!((&saved["issuer"], &saved["scopes"]), (&json!("http://127.0.0.1:9"), &json!(["openid"])));
    // What they don't hold they can't map.
    give(&app, &id, BuiltIn::OrganizationMember).await;
    let admin = format!("role:{}", BuiltIn::OrganizationAdmin.id());
    let more = [
        ("name", "Login"),
        ("scopes", "openid"),
        ("claim_0", "a"),
        ("value_0", "b"),
        ("gives_0", &*admin),
        ("version", "2"),
    ];
    refused(&send(&keeper, &page, &more).await, 403, &["what you don&#39;t hold"]);
    app.finish().await;
}
