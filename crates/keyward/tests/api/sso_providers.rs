//! `/v1/organization/sso_providers`

use keyward_domain::role::BuiltIn;
use keyward_testkit::{ManualClock, TestApp};
use serde_json::{Value, json};

use crate::{
    identity_provider::{CLIENT_SECRET, IdentityProvider, PROVIDERS, get, session},
    support::{check_idempotency, check_names, check_unknown_fields, check_versions, id, ids},
};

keyward_testkit::on_both_databases!(
    a_provider_answers_all_its_fields_and_never_its_secret,
    what_a_provider_is_made_of_is_checked,
    an_edit_changes_what_it_names,
    a_new_issuer_takes_the_secret_with_it,
    only_an_owner_connects_a_provider,
    who_manages_single_sign_on_raises_nobody_above_themselves,
    a_mapping_gives_only_what_is_there_and_what_one_holds,
    another_organizations_providers_are_not_found,
    a_test_tells_what_is_wrong,
);

fn body() -> Value {
    json!({"name": "Main", "issuer": "https://login.example.com/", "client_id": "keyward", "client_secret": CLIENT_SECRET})
}

async fn a_provider_answers_all_its_fields_and_never_its_secret(app: &TestApp) {
    let made = app.admin.post(PROVIDERS, body()).await.ok();
    let organization = id(&app.admin.get("/v1/organization").await.ok());
    let expected = json!({
        "object": "organization.sso_provider", "id": id(&made), "name": "Main", "issuer": "https://login.example.com/",
        "client_id": "keyward", "redacted_value": "client-...test", "scopes": ["openid", "email", "profile"], "mappings": [],
        "creates_members": false, "enabled": true,
        "redirect_uri": format!("http://127.0.0.1:0/v1/auth/sso/callback/{organization}"),
        "sign_in_url": format!("http://127.0.0.1:0/v1/auth/sso/{}/start", id(&made)),
        "created_at": ManualClock::START, "updated_at": ManualClock::START, "version": 1,
    });
    assert_eq!(made, expected);
    assert_eq!(app.admin.get(&format!("{PROVIDERS}/{}", id(&made))).await.ok(), expected);
    assert_eq!(app.admin.get(PROVIDERS).await.ok()["data"], json!([expected]));
    let public = json!({"name": "Public", "issuer": "https://b.example", "client_id": "k"});
    assert_eq!(app.admin.post(PROVIDERS, public).await.ok()["redacted_value"], json!(null));
    let events = app.admin.get("/v1/organization/audit_logs?event_types[]=sso_provider.*").await.ok();
    assert_eq!(events["data"][1]["after"]["client_secret"], "set");
    for answer in app.answers() {
        assert!(!answer.text().contains(CLIENT_SECRET));
    }
}

async fn what_a_provider_is_made_of_is_checked(app: &TestApp) {
    for field in ["name", "issuer", "client_id"] {
        let mut body = body();
        body.as_object_mut().unwrap().remove(field);
        assert_eq!(app.admin.post(PROVIDERS, body).await.json["error"]["param"], field);
    }
    let owner = BuiltIn::OrganizationOwner.id().to_string();
    let viewer = BuiltIn::ProjectViewer.id().to_string();
    let nothing = "00000000000000000000000000000000";
    let map = |target: Value| {
        let mut mapping = json!({"claim": "groups", "value": "a"});
        mapping.as_object_mut().unwrap().extend(target.as_object().unwrap().clone());
        json!([mapping])
    };
    for (field, value, code, param) in [
        ("issuer", json!("login.example.com"), "invalid_value", "issuer"),
        ("issuer", json!("https://a.example/.well-known/openid-configuration"), "invalid_value", "issuer"),
        ("issuer", json!("https://a.example?x"), "invalid_value", "issuer"),
        ("client_id", json!(""), "invalid_value", "client_id"),
        ("client_secret", json!(""), "invalid_value", "client_secret"),
        ("client_secret", json!("client-...test"), "invalid_value", "client_secret"),
        ("client_secret", json!("with blank-1234567890"), "invalid_value", "client_secret"),
        ("client_secret", json!({"x": 1}), "invalid_type", "client_secret"),
        ("scopes", json!(["email"]), "invalid_value", "scopes"),
        ("scopes", json!(["openid", ""]), "invalid_value", "scopes[1]"),
        ("mappings", map(json!({})), "invalid_value", "mappings[0]"),
        ("mappings", map(json!({"role_id": owner})), "owner_by_sso", "mappings[0].role_id"),
        ("mappings", map(json!({"role_id": viewer})), "invalid_value", "mappings[0].role_id"),
        ("mappings", map(json!({"role_id": format!("role_{nothing}")})), "invalid_value", "mappings[0].role_id"),
        ("mappings", map(json!({"group_id": format!("group_{nothing}")})), "invalid_value", "mappings[0].group_id"),
        (
            "mappings",
            map(json!({"role_id": viewer, "project_id": format!("proj_{nothing}")})),
            "invalid_value",
            "mappings[0].project_id",
        ),
        ("mappings", json!([{"claim": "groups", "value": "a", "role": "x"}]), "unknown_parameter", "mappings[0].role"),
    ] {
        let mut body = body();
        body[field] = value;
        let refused = app.admin.post(PROVIDERS, body).await;
        refused.assert_error(400, code, param);
        assert!(!refused.text().contains("1234567890"), "{}", refused.text());
    }
    check_unknown_fields(&app.admin, PROVIDERS, &body(), &["redacted_value", "domains", "redirect_uri"]).await;
    let named = |name: &str| json!({"name": name, "issuer": "https://a.example", "client_id": "k"});
    check_names(&app.admin, PROVIDERS, named).await;
    app.admin.post(PROVIDERS, named("日本語 🚀")).await.assert_error(409, "name_taken", "name");
    app.clock.advance(25 * 3600);
    let made = check_idempotency(&app.admin, PROVIDERS, &named("Once"), &named("Twice")).await;
    assert_eq!(ids(&app.admin.get(PROVIDERS).await.ok())[0], id(&made));
}

async fn an_edit_changes_what_it_names(app: &TestApp) {
    let made = app.admin.post(PROVIDERS, body()).await.ok();
    let path = format!("{PROVIDERS}/{}", id(&made));
    app.clock.advance(7);
    let mapping =
        json!([{"claim": "groups", "value": "staff", "role_id": BuiltIn::OrganizationAuditor.id().to_string()}]);
    let mut expected = made.clone();
    for (version, (field, sent)) in [
        ("name", json!("Anew")),
        ("client_id", json!("another")),
        ("scopes", json!(["openid", "groups"])),
        ("mappings", mapping),
        ("creates_members", json!(true)),
        ("enabled", json!(false)),
    ]
    .into_iter()
    .enumerate()
    {
        expected[field] = sent.clone();
        expected["version"] = json!(version + 2);
        expected["updated_at"] = json!(made["updated_at"].as_i64().unwrap() + 7);
        assert_eq!(app.admin.post(&path, json!({field: sent})).await.ok(), expected, "{field}");
    }
    let replaced = app.admin.post(&path, json!({"client_secret": "another-secret-0123456789-x1y2"})).await.ok();
    assert_eq!(replaced["redacted_value"], "another...x1y2");
    app.admin.post(&path, json!({"client_secret": "another...x1y2"})).await.assert_error(
        400,
        "invalid_value",
        "client_secret",
    );
    assert_eq!(app.admin.post(&path, json!({"client_secret": null})).await.ok()["redacted_value"], json!(null));
    check_versions(&app.admin, &path, &json!({"name": "Versioned"})).await;
}

async fn a_new_issuer_takes_the_secret_with_it(app: &TestApp) {
    let path = format!("{PROVIDERS}/{}", id(&app.admin.post(PROVIDERS, body()).await.ok()));
    let elsewhere = json!({"issuer": "https://login.example.com"});
    app.admin.post(&path, elsewhere).await.assert_error(400, "secret_required", "client_secret");
    app.admin.post(&path, json!({"issuer": "https://login.example.com/"})).await.ok();
    let both = json!({"issuer": "https://b.example", "client_secret": "another-secret-0123456789"});
    assert_eq!(app.admin.post(&path, both).await.ok()["issuer"], "https://b.example");
    let neither = json!({"issuer": "https://c.example", "client_secret": null});
    assert_eq!(app.admin.post(&path, neither).await.ok()["redacted_value"], json!(null));
    assert_eq!(app.admin.post(&path, json!({"issuer": "https://d.example"})).await.ok()["issuer"], "https://d.example");
}

async fn only_an_owner_connects_a_provider(app: &TestApp) {
    let idp = IdentityProvider::start(app).await;
    let admin = BuiltIn::OrganizationAdmin.id().to_string();
    let mappings = json!([{"claim": "groups", "value": "admins", "role_id": admin}]);
    let provider = idp.connect(app, json!({"creates_members": true, "mappings": mappings})).await;
    let cookie = session(&idp.sign_in(app, &provider, json!({"groups": ["admins"]})).await);
    // An administrator has nothing to do with how people sign in.
    get(app, &cookie, PROVIDERS).await.assert_error(403, "insufficient_permissions", None);
    for path in [PROVIDERS.to_owned(), format!("{PROVIDERS}/{}", id(&provider))] {
        let asking = app.nobody.asking(http::Method::POST, &path).header("cookie", &cookie);
        let asking = asking.header("sec-fetch-site", "same-origin").json(&body());
        asking.send().await.assert_error(403, "insufficient_permissions", None);
    }
}

async fn who_manages_single_sign_on_raises_nobody_above_themselves(app: &TestApp) {
    let role = json!({"role_name": "Single sign-on", "permissions": ["sso:manage", "organization:read"]});
    let role = id(&app.admin.post("/v1/organization/roles", role).await.ok());
    let key = json!({"name": "Manager", "roles": [{"role_id": role}]});
    let key = app.admin.post("/v1/organization/admin_api_keys", key).await.ok();
    let manager = app.nobody.with_key(key["value"].as_str().unwrap());
    let path = format!("{PROVIDERS}/{}", id(&app.admin.post(PROVIDERS, body()).await.ok()));
    // Whoever could point it elsewhere could come in as anybody.
    manager.post(PROVIDERS, named_elsewhere()).await.assert_error(403, "escalation_not_allowed", None);
    for elsewhere in [json!({"issuer": "https://evil.example", "client_secret": null}), json!({"client_id": "evil"})] {
        manager.post(&path, elsewhere).await.assert_error(403, "escalation_not_allowed", None);
    }
    let map = |role: &str| json!({"mappings": [{"claim": "groups", "value": "a", "role_id": role}]});
    let auditor = BuiltIn::OrganizationAuditor.id().to_string();
    manager.post(&path, map(&auditor)).await.assert_error(403, "escalation_not_allowed", None);
    manager.post(&path, map(&role)).await.ok();
    // What somebody else has mapped may stay.
    app.admin.post(&path, map(&auditor)).await.ok();
    let renamed = manager.post(&path, json!({"name": "Anew", "enabled": false})).await.ok();
    assert_eq!(renamed["mappings"][0]["role_id"], auditor.as_str());
    let kept = json!({"mappings": renamed["mappings"], "creates_members": true});
    assert_eq!(manager.post(&path, kept).await.ok()["creates_members"], true);
    assert_eq!(manager.delete(&path).await.ok()["deleted"], true);
}

fn named_elsewhere() -> Value {
    json!({"name": "Elsewhere", "issuer": "https://evil.example", "client_id": "evil"})
}

async fn a_mapping_gives_only_what_is_there_and_what_one_holds(app: &TestApp) {
    let project = app.project("Project").await;
    let project_id = project.rsplit('/').next().unwrap();
    let theirs = app.project_of(&app.stranger, "Theirs").await;
    let viewer = BuiltIn::ProjectViewer.id().to_string();
    let admin = BuiltIn::OrganizationAdmin.id().to_string();
    let with = |mapping: Value| {
        let mut body = body();
        body["mappings"] = json!([mapping]);
        body
    };
    let good = json!({"claim": "groups", "value": "a", "role_id": viewer, "project_id": project_id});
    assert_eq!(app.admin.post(PROVIDERS, with(good.clone())).await.ok()["mappings"], json!([good]));
    let foreign =
        json!({"claim": "groups", "value": "a", "role_id": viewer, "project_id": theirs.rsplit('/').next().unwrap()});
    app.admin.post(PROVIDERS, with(foreign)).await.assert_error(400, "invalid_value", "mappings[0].project_id");
    let misplaced = json!({"claim": "groups", "value": "a", "role_id": admin, "project_id": project_id});
    app.admin.post(PROVIDERS, with(misplaced)).await.assert_error(400, "invalid_value", "mappings[0].role_id");
}

async fn another_organizations_providers_are_not_found(app: &TestApp) {
    let path = format!("{PROVIDERS}/{}", id(&app.admin.post(PROVIDERS, body()).await.ok()));
    for path in [path.as_str(), "/v1/organization/sso_providers/nonsense"] {
        app.stranger.get(path).await.assert_error(404, "not_found", None);
        app.stranger.post(path, json!({"name": "Mine"})).await.assert_error(404, "not_found", None);
        app.stranger.post(&format!("{path}/test"), json!({})).await.assert_error(404, "not_found", None);
        app.stranger.delete(path).await.assert_error(404, "not_found", None);
    }
    assert_eq!(app.stranger.get(PROVIDERS).await.ok()["data"], json!([]));
    app.stranger.post(PROVIDERS, body()).await.ok();
}

async fn a_test_tells_what_is_wrong(app: &TestApp) {
    let idp = IdentityProvider::start(app).await;
    let provider = idp.connect(app, json!({})).await;
    let path = format!("{PROVIDERS}/{}/test", id(&provider));
    let tested = app.admin.post(&path, json!({})).await.ok();
    let expected = json!({
        "object": "organization.sso_provider.test", "sso_provider_id": id(&provider),
        "authorization_endpoint": format!("{}/authorize", idp.issuer), "token_endpoint": format!("{}/token", idp.issuer),
        "userinfo_endpoint": format!("{}/userinfo", idp.issuer), "signing_algorithms": ["RS256"], "keys": 1,
        "redirect_uri": provider["redirect_uri"],
    });
    assert_eq!(tested, expected);
    drop(idp);
    app.admin.post(&path, json!({})).await.assert_error(502, "provider_unreachable", None);
}
