//! `/v1/organization`

use http::Method;
use keyward_domain::role::BuiltIn;
use keyward_testkit::{Answer, ManualClock, TestApp};
use serde_json::{Value, json};

use crate::{
    identity_provider::{IdentityProvider, PROVIDERS, get, session},
    support::{check_versions, id},
};

keyward_testkit::on_both_databases!(
    an_organization_is_read_and_renamed,
    single_sign_on_is_required_only_where_it_works,
    requiring_single_sign_on_ends_what_passwords_opened_but_for_owners,
    a_member_who_is_no_owner_changes_nothing,
);

const PATH: &str = "/v1/organization";

async fn an_organization_is_read_and_renamed(app: &TestApp) {
    let read = app.admin.get(PATH).await.ok();
    let expected = json!({
        "object": "organization", "id": id(&read), "name": "First", "sso_required": false,
        "sso_redirect_uri": format!("http://127.0.0.1:0/v1/auth/sso/callback/{}", id(&read)),
        "created_at": ManualClock::START, "version": 1,
    });
    assert_eq!(read, expected);
    for wrong in ["", "  ", "a\nb"] {
        app.admin.post(PATH, json!({"name": wrong})).await.assert_error(400, "invalid_value", "name");
    }
    app.admin.post(PATH, json!({"name": "Second"})).await.assert_error(409, "name_taken", "name");
    app.admin.post(PATH, json!({"nmae": "x"})).await.assert_error(400, "unknown_parameter", "nmae");
    let renamed = app.admin.post(PATH, json!({"name": "  Anew "})).await.ok();
    assert_eq!((&renamed["name"], &renamed["version"]), (&json!("Anew"), &json!(2)));
    check_versions(&app.admin, PATH, &json!({"name": "Versioned"})).await;
    let events = app.admin.get("/v1/organization/audit_logs?event_types[]=organization.updated").await.ok();
    let event = &events["data"][1];
    assert_eq!((&event["before"], &event["after"]), (&json!({"name": "First"}), &json!({"name": "Anew"})));
    assert_eq!(app.stranger.get(PATH).await.ok()["name"], "Second");
}

async fn single_sign_on_is_required_only_where_it_works(app: &TestApp) {
    let required = json!({"sso_required": true});
    app.admin.post(PATH, required.clone()).await.assert_error(409, "no_sso_provider", "sso_required");
    let idp = IdentityProvider::start(app).await;
    let provider = idp.connect(app, json!({"enabled": false})).await;
    app.admin.post(PATH, required.clone()).await.assert_error(409, "no_sso_provider", "sso_required");
    let path = format!("{PROVIDERS}/{}", id(&provider));
    app.admin.post(&path, json!({"enabled": true})).await.ok();
    assert_eq!(app.admin.post(PATH, required).await.ok()["sso_required"], true);
    // The last way in stays.
    app.admin.post(&path, json!({"enabled": false})).await.assert_error(409, "last_sso_provider", None);
    app.admin.delete(&path).await.assert_error(409, "last_sso_provider", None);
    let other = idp.connect(app, json!({"name": "Another"})).await;
    app.admin.post(&path, json!({"enabled": false})).await.ok();
    app.admin.delete(&path).await.ok();
    app.admin.delete(&format!("{PROVIDERS}/{}", id(&other))).await.assert_error(409, "last_sso_provider", None);
    app.admin.post(PATH, json!({"sso_required": false})).await.ok();
    app.admin.delete(&format!("{PROVIDERS}/{}", id(&other))).await.ok();
}

async fn requiring_single_sign_on_ends_what_passwords_opened_but_for_owners(app: &TestApp) {
    let idp = IdentityProvider::start(app).await;
    let provider = idp.connect(app, json!({"creates_members": true})).await;
    let by_password = session(&idp.sign_in(app, &provider, json!({"email": "bob@example.com", "sub": "bob"})).await);
    app.execute("UPDATE sessions SET sso_provider_id = NULL").await;
    let by_sso = session(&idp.sign_in(app, &provider, json!({})).await);
    let owner = app.person("first@example.com").await;
    app.admin.post(PATH, json!({"sso_required": true})).await.ok();
    get(app, &by_password, PATH).await.assert_error(401, "signed_out", None);
    get(app, &by_sso, PATH).await.ok();
    owner.get(PATH).await.ok();
    let events = app.admin.get("/v1/organization/audit_logs?event_types[]=organization.updated").await.ok();
    assert_eq!(events["data"][0]["after"], json!({"sso_required": true, "ended_sessions": 1}));
}

async fn a_member_who_is_no_owner_changes_nothing(app: &TestApp) {
    let idp = IdentityProvider::start(app).await;
    let mappings =
        json!([{"claim": "groups", "value": "admins", "role_id": BuiltIn::OrganizationAdmin.id().to_string()}]);
    let provider = idp.connect(app, json!({"creates_members": true, "mappings": mappings})).await;
    let admin = session(&idp.sign_in(app, &provider, json!({"groups": "admins"})).await);
    let owner = session(&idp.sign_in(app, &provider, json!({"sub": "owner", "email": "first@example.com"})).await);
    let edit = async |cookie: &str, site: &str, body: Value| -> Answer {
        let asking = app.nobody.asking(Method::POST, PATH).header("cookie", cookie).header("sec-fetch-site", site);
        asking.json(&body).send().await
    };
    get(app, &admin, PATH).await.ok();
    let refused = edit(&admin, "same-origin", json!({"sso_required": true})).await;
    refused.assert_error(403, "insufficient_permissions", None);
    edit(&owner, "cross-site", json!({"sso_required": true})).await.assert_error(403, "cross_site_request", None);
    assert_eq!(edit(&owner, "same-origin", json!({"sso_required": true})).await.ok()["sso_required"], true);
    // Sessions by single sign-on go on.
    get(app, &admin, PATH).await.ok();
    get(app, &owner, PATH).await.ok();
}
