//! Signing in by single sign-on: who comes in, as whom, and with what.

use http::Method;
use keyward_domain::role::BuiltIn;
use keyward_testkit::TestApp;
use serde_json::{Value, json};

use crate::{
    identity_provider::{Attempt, IdentityProvider, PROVIDERS, get, session},
    links::{ACCEPT, PASSWORD, invite, join, with_cookie},
    support::{id, ids},
};

keyward_testkit::on_both_databases!(
    a_browser_is_sent_out_with_all_that_protects_it,
    somebody_new_becomes_a_member_where_that_is_wanted,
    a_member_is_known_by_their_verified_address_and_then_by_their_subject,
    an_account_of_another_organization_is_not_taken_over,
    one_organizations_provider_speaks_for_nobody_in_another,
    claims_give_roles_and_take_them_back_at_each_sign_in,
    claims_put_people_into_groups_but_never_into_one_that_owns,
    who_was_disabled_or_removed_stays_out,
    a_mapping_that_is_no_more_takes_back_what_it_gave,
    what_the_token_leaves_out_the_user_information_may_say,
    a_session_ends_with_the_provider_that_vouched_for_it,
    a_browsers_session_until_now_ends,
    a_provider_that_is_pointed_elsewhere_knows_nobody,
    the_client_secret_is_shown_as_the_provider_takes_it,
);

const ORGANIZATION: &str = "/v1/organization";

fn path(provider: &Value) -> String {
    format!("{PROVIDERS}/{}", id(provider))
}

async fn events(app: &TestApp, kind: &str) -> Vec<Value> {
    let path = format!("/v1/organization/audit_logs?event_types[]={kind}&limit=100");
    app.admin.get(&path).await.ok()["data"].as_array().unwrap().clone()
}

async fn a_browser_is_sent_out_with_all_that_protects_it(app: &TestApp) {
    let idp = IdentityProvider::start(app).await;
    let provider = idp.connect(app, json!({"scopes": ["openid", "email", "groups"]})).await;
    let (first, second) = (Attempt::start(app, &provider).await, Attempt::start(app, &provider).await);
    assert!(first.location.as_str().starts_with(&format!("{}/authorize?", idp.issuer)), "{}", first.location);
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "keyward-test"),
        ("scope", "openid email groups"),
        ("redirect_uri", provider["redirect_uri"].as_str().unwrap()),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(first.parameter(name), value);
    }
    for random in ["state", "nonce", "code_challenge"] {
        assert_eq!(first.parameter(random).len(), 43, "256 bits");
        assert_ne!(first.parameter(random), second.parameter(random));
        assert!(!first.cookie.contains(&first.parameter(random)), "the cookie is sealed");
    }
    assert!(provider["redirect_uri"].as_str().unwrap().contains("/v1/auth/sso/callback/org_"));
}

async fn somebody_new_becomes_a_member_where_that_is_wanted(app: &TestApp) {
    let idp = IdentityProvider::start(app).await;
    let provider = idp.connect(app, json!({})).await;
    idp.sign_in(app, &provider, json!({})).await.assert_error(403, "sso_not_a_member", None);
    app.admin.post(&path(&provider), json!({"creates_members": true})).await.ok();
    for unverified in [
        json!({"email_verified": false}),
        json!({"email_verified": null}),
        json!({"email": "ada"}),
        json!({"email": null}),
    ] {
        idp.sign_in(app, &provider, unverified).await.assert_error(403, "sso_email_not_verified", None);
    }
    let ada = session(&idp.sign_in(app, &provider, json!({})).await);
    let seen = get(app, &ada, ORGANIZATION).await.ok();
    assert_eq!(seen["name"], "First");
    get(app, &ada, PROVIDERS).await.assert_error(403, "insufficient_permissions", None);
    let added = events(app, "user.added").await;
    assert_eq!((&added[0]["after"]["email"], &added[0]["after"]["name"]), (&json!("ada@example.com"), &json!("Ada")));
    let login = events(app, "login.succeeded").await;
    assert_eq!((login.len(), &login[0]["after"]["sso_provider_id"]), (1, &provider["id"]));
    assert_eq!(login[0]["actor"]["session"]["user"]["email"], "ada@example.com");
}

async fn a_member_is_known_by_their_verified_address_and_then_by_their_subject(app: &TestApp) {
    let idp = IdentityProvider::start(app).await;
    let provider = idp.connect(app, json!({})).await;
    let owner = json!({"email": "First@Example.com", "sub": "owner"});
    let unverified = json!({"email": "first@example.com", "sub": "owner", "email_verified": false});
    idp.sign_in(app, &provider, unverified.clone()).await.assert_error(403, "sso_email_not_verified", None);
    let cookie = session(&idp.sign_in(app, &provider, owner).await);
    get(app, &cookie, PROVIDERS).await.ok();
    assert_eq!(events(app, "user.added").await.len(), 1, "nobody new: only the owner themselves");
    // From now on the subject counts: an address may change, or be given up.
    session(&idp.sign_in(app, &provider, json!({"sub": "owner", "email": null})).await);
    let other = idp.sign_in(app, &provider, json!({"sub": "somebody", "email": null})).await;
    other.assert_error(403, "sso_email_not_verified", None);
}

async fn an_account_of_another_organization_is_not_taken_over(app: &TestApp) {
    let idp = IdentityProvider::start(app).await;
    let provider = idp.connect(app, json!({})).await;
    let theirs = json!({"email": "second@example.com", "sub": "x"});
    idp.sign_in(app, &provider, theirs.clone()).await.assert_error(403, "sso_not_a_member", None);
    app.admin.post(&path(&provider), json!({"creates_members": true})).await.ok();
    idp.sign_in(app, &provider, theirs).await.assert_error(403, "sso_account_exists", None);
    assert_eq!(events(app, "login.failed").await.len(), 2);
    let strangers = app.stranger.get("/v1/organization/audit_logs?event_types[]=login.*").await.ok();
    assert_eq!(strangers["data"], json!([]), "the other organization had nothing to do with it");
}

async fn one_organizations_provider_speaks_for_nobody_in_another(app: &TestApp) {
    let idp = IdentityProvider::start(app).await;
    // Ada belongs to the second organization, and to the first, whose provider says that it is her.
    let (_, theirs) = invite(&app.stranger, "ada@example.com").await;
    join(app, &theirs, "Ada").await;
    let (_, ours) = invite(&app.admin, "ada@example.com").await;
    app.nobody.post(ACCEPT, json!({"token": ours, "password": PASSWORD})).await.ok();
    let provider = idp.connect(app, json!({})).await;
    let forged = session(&idp.sign_in(app, &provider, json!({})).await);
    let account = get(app, &forged, "/v1/account").await.ok();
    assert_eq!(account["organizations"].as_array().unwrap().len(), 1, "nor does it show where else she belongs");
    let renamed = with_cookie(app, &forged, Method::POST, "/v1/account", Some(json!({"name": "Mallory"}))).await;
    renamed.assert_error(403, "sign_in_required", None);
    let body = json!({"organization_id": app.stranger.get("/v1/organization").await.ok()["id"]});
    let switched = with_cookie(app, &forged, Method::POST, "/v1/account/organization", Some(body)).await;
    switched.assert_error(403, "sign_in_again", None);
    // Nor is that session enough to accept what another organization offers her.
    let gone = id(&app.stranger.get("/v1/organization/users?emails[]=ada@example.com").await.ok()["data"][0]);
    app.stranger.delete(&format!("/v1/organization/users/{gone}")).await.ok();
    let (_, again) = invite(&app.stranger, "ada@example.com").await;
    let refused = with_cookie(app, &forged, Method::POST, ACCEPT, Some(json!({"token": again}))).await;
    refused.assert_error(403, "sign_in_required", None);
    app.nobody.post(ACCEPT, json!({"token": again, "password": PASSWORD})).await.ok();
}

async fn claims_give_roles_and_take_them_back_at_each_sign_in(app: &TestApp) {
    let idp = IdentityProvider::start(app).await;
    let project = app.project("Project").await;
    let project_id = project.rsplit('/').next().unwrap();
    let (viewer, auditor) = (BuiltIn::ProjectViewer.id().to_string(), BuiltIn::OrganizationAuditor.id().to_string());
    let mappings = json!([
        {"claim": "groups", "value": "dev", "role_id": viewer, "project_id": project_id},
        {"claim": "department", "value": "audit", "role_id": auditor},
    ]);
    let provider = idp.connect(app, json!({"creates_members": true, "mappings": mappings})).await;
    let may = async |claims: Value| {
        let cookie = session(&idp.sign_in(app, &provider, claims).await);
        let sees = get(app, &cookie, &project).await.status == 200;
        let audits = get(app, &cookie, "/v1/organization/audit_logs").await.status == 200;
        (sees, audits)
    };
    assert_eq!(may(json!({})).await, (false, false));
    assert_eq!(may(json!({"groups": ["x", "dev"]})).await, (true, false));
    assert_eq!(may(json!({"groups": ["x", "dev"]})).await, (true, false));
    assert_eq!(may(json!({"groups": "dev", "department": ["audit"]})).await, (true, true));
    assert_eq!(may(json!({"groups": "Dev", "department": "auditors"})).await, (false, false));
    let (given, taken) = (events(app, "role.assignment.created").await, events(app, "role.assignment.deleted").await);
    assert_eq!((given.len(), taken.len()), (2, 2), "{given:?} {taken:?}");
    assert_eq!(given[1]["after"]["role_id"], viewer.as_str());
    assert_eq!((&given[1]["after"]["source"], &given[1]["project"]["id"]), (&provider["id"], &json!(project_id)));
    assert_eq!(taken[1]["before"]["source"], provider["id"]);
}

async fn claims_put_people_into_groups_but_never_into_one_that_owns(app: &TestApp) {
    let idp = IdentityProvider::start(app).await;
    let groups = "/v1/organization/groups";
    let made = async |name: &str| id(&app.admin.post(groups, json!({"name": name})).await.ok());
    let (staff, gone) = (made("Staff").await, made("Gone").await);
    let role = json!({"role_id": BuiltIn::OrganizationAuditor.id().to_string()});
    app.admin.post(&format!("{groups}/{staff}/roles"), role).await.ok();
    let map = |value: &str, group: &str| json!({"claim": "groups", "value": value, "group_id": group});
    let mappings = json!([map("staff", &staff), map("gone", &gone)]);
    let provider = idp.connect(app, json!({"creates_members": true, "mappings": mappings})).await;
    app.admin.delete(&format!("{groups}/{gone}")).await.ok();
    let cookie = session(&idp.sign_in(app, &provider, json!({"groups": ["staff", "gone"]})).await);
    get(app, &cookie, "/v1/organization/audit_logs").await.ok();
    let members = async || ids(&app.admin.get(&format!("{groups}/{staff}/users")).await.ok()).len();
    assert_eq!(members().await, 1);
    let cookie = session(&idp.sign_in(app, &provider, json!({"groups": []})).await);
    get(app, &cookie, "/v1/organization/audit_logs").await.assert_error(403, "insufficient_permissions", None);
    assert_eq!(members().await, 0);
    let (added, removed) = (events(app, "group.member.added").await, events(app, "group.member.removed").await);
    assert_eq!((added.len(), &added[0]["after"]["source"]), (1, &provider["id"]));
    assert_eq!((removed.len(), &removed[0]["before"]["source"]), (1, &provider["id"]));
}

async fn who_was_disabled_or_removed_stays_out(app: &TestApp) {
    let idp = IdentityProvider::start(app).await;
    let provider = idp.connect(app, json!({"creates_members": true})).await;
    let cookie = session(&idp.sign_in(app, &provider, json!({})).await);
    let added = events(app, "user.added").await;
    let user = format!("/v1/organization/users/{}", added[0]["targets"][0].as_str().unwrap());
    app.admin.post(&user, json!({"disabled": true})).await.ok();
    get(app, &cookie, ORGANIZATION).await.assert_error(401, "signed_out", None);
    idp.sign_in(app, &provider, json!({})).await.assert_error(403, "sso_member_disabled", None);
    app.admin.post(&user, json!({"disabled": false})).await.ok();
    session(&idp.sign_in(app, &provider, json!({})).await);
    app.admin.delete(&user).await.ok();
    idp.sign_in(app, &provider, json!({})).await.assert_error(403, "sso_not_a_member", None);
    let failed = events(app, "login.failed").await;
    assert_eq!(failed.len(), 2);
    assert!(failed.iter().all(|event| event["targets"][0] == added[0]["targets"][0]), "{failed:?}");
}

async fn a_mapping_that_is_no_more_takes_back_what_it_gave(app: &TestApp) {
    let idp = IdentityProvider::start(app).await;
    let auditor = BuiltIn::OrganizationAuditor.id().to_string();
    let mappings = json!([{"claim": "department", "value": "audit", "role_id": auditor}]);
    let provider = idp.connect(app, json!({"creates_members": true, "mappings": mappings})).await;
    let cookie = session(&idp.sign_in(app, &provider, json!({"department": "audit"})).await);
    get(app, &cookie, "/v1/organization/audit_logs").await.ok();
    app.admin.post(&path(&provider), json!({"mappings": []})).await.ok();
    // Signed in still, with what is left.
    get(app, &cookie, ORGANIZATION).await.ok();
    get(app, &cookie, "/v1/organization/audit_logs").await.assert_error(403, "insufficient_permissions", None);
    assert_eq!(events(app, "role.assignment.deleted").await.len(), 1);
}

async fn what_the_token_leaves_out_the_user_information_may_say(app: &TestApp) {
    let idp = IdentityProvider::start(app).await;
    let auditor = BuiltIn::OrganizationAuditor.id().to_string();
    let mappings = json!([{"claim": "department", "value": "audit", "role_id": auditor}]);
    let provider = idp.connect(app, json!({"creates_members": true, "mappings": mappings})).await;
    let silent = json!({"email": null, "email_verified": null, "name": null});
    let said = json!({"sub": "subject-1", "email": "ada@example.com", "email_verified": true, "department": "audit"});
    idp.plays(|script| {
        (script.claims, script.userinfo) = (silent.clone(), json!({"email": "ada@example.com", "email_verified": true}))
    });
    idp.go_through(app, &provider).await.assert_error(403, "sso_failed", None);
    let mut of_another = said.clone();
    of_another["sub"] = json!("subject-2");
    idp.plays(|script| (script.claims, script.userinfo) = (silent.clone(), of_another));
    idp.go_through(app, &provider).await.assert_error(403, "sso_failed", None);
    idp.plays(|script| (script.claims, script.userinfo) = (silent.clone(), said));
    let cookie = session(&idp.go_through(app, &provider).await);
    get(app, &cookie, "/v1/organization/audit_logs").await.ok();
    assert_eq!(events(app, "user.added").await[0]["after"]["name"], "ada");
}

async fn a_session_ends_with_the_provider_that_vouched_for_it(app: &TestApp) {
    let idp = IdentityProvider::start(app).await;
    let auditor = BuiltIn::OrganizationAuditor.id().to_string();
    let mappings = json!([{"claim": "department", "value": "audit", "role_id": auditor}]);
    let provider = idp.connect(app, json!({"creates_members": true, "mappings": mappings})).await;
    let cookie = session(&idp.sign_in(app, &provider, json!({"department": "audit"})).await);
    app.admin.post(&path(&provider), json!({"enabled": false})).await.ok();
    get(app, &cookie, ORGANIZATION).await.assert_error(401, "signed_out", None);
    app.admin.post(&path(&provider), json!({"enabled": true})).await.ok();
    get(app, &cookie, ORGANIZATION).await.assert_error(401, "signed_out", None);

    let provider = app.admin.get(&path(&provider)).await.ok();
    let cookie = session(&idp.sign_in(app, &provider, json!({"department": "audit"})).await);
    get(app, &cookie, "/v1/organization/audit_logs").await.ok();
    assert_eq!(app.admin.delete(&path(&provider)).await.ok()["deleted"], true);
    get(app, &cookie, ORGANIZATION).await.assert_error(401, "signed_out", None);
    assert_eq!(events(app, "role.assignment.deleted").await.len(), 1);
    let deleted = &events(app, "sso_provider.deleted").await[0];
    assert_eq!(deleted["after"], json!({"ended_sessions": 1, "forgotten_identities": 1}));
    app.nobody.get(&format!("/v1/auth/sso/{}/start", id(&provider))).await.assert_error(404, "not_found", None);

    // Connected anew, it finds its people by their addresses; they are members still.
    let anew = idp.connect(app, json!({})).await;
    let cookie = session(&idp.sign_in(app, &anew, json!({})).await);
    get(app, &cookie, "/v1/organization/audit_logs").await.assert_error(403, "insufficient_permissions", None);
}

async fn a_browsers_session_until_now_ends(app: &TestApp) {
    let idp = IdentityProvider::start(app).await;
    let provider = idp.connect(app, json!({"creates_members": true})).await;
    let before = session(&idp.sign_in(app, &provider, json!({})).await);
    let attempt = Attempt::start(app, &provider).await;
    idp.visited(&attempt);
    let query = format!("{}?state={}&code=again", attempt.callback, attempt.parameter("state"));
    let back = app.nobody.asking(Method::GET, &query).header("cookie", &format!("{}; {before}", attempt.cookie));
    let after = session(&back.header("sec-fetch-site", "cross-site").send().await);
    assert_ne!(before, after);
    get(app, &before, ORGANIZATION).await.assert_error(401, "signed_out", None);
    get(app, &after, ORGANIZATION).await.ok();
}

async fn a_provider_that_is_pointed_elsewhere_knows_nobody(app: &TestApp) {
    let (old, new) = (IdentityProvider::start(app).await, IdentityProvider::start(app).await);
    let provider = old.connect(app, json!({"creates_members": true})).await;
    let cookie = session(&old.sign_in(app, &provider, json!({"sub": "1"})).await);
    let edit = json!({"issuer": new.issuer, "client_secret": "another-secret-0123456789"});
    let provider = app.admin.post(&path(&provider), edit).await.ok();
    get(app, &cookie, ORGANIZATION).await.assert_error(401, "signed_out", None);
    // The same subject is somebody else there.
    let other = json!({"sub": "1", "email": "eve@example.com"});
    session(&new.sign_in(app, &provider, other).await);
    assert_eq!(events(app, "user.added").await[0]["after"]["email"], "eve@example.com");
}

async fn the_client_secret_is_shown_as_the_provider_takes_it(app: &TestApp) {
    let idp = IdentityProvider::start(app).await;
    let secret = "client-secret-0123456789-of-a-test";
    for (methods, in_body) in [
        (json!(null), false),
        (json!(["client_secret_basic", "client_secret_post"]), false),
        (json!(["client_secret_post"]), true),
    ] {
        let provider = idp.connect(app, json!({"creates_members": true, "name": methods.to_string()})).await;
        idp.plays(|script| script.discovery = json!({"token_endpoint_auth_methods_supported": methods}));
        session(&idp.go_through(app, &provider).await);
        let seen = idp.seen();
        let (_, authorization, body) = seen.iter().rfind(|(path, ..)| path == "/token").unwrap();
        assert_eq!((body.contains(secret), authorization.starts_with("Basic ")), (in_body, !in_body), "{methods}");
        assert!(body.contains("grant_type=authorization_code") && body.contains("code_verifier="), "{body}");
    }
    let public = idp.connect(app, json!({"name": "Public", "client_secret": null})).await;
    idp.plays(|_| ());
    session(&idp.go_through(app, &public).await);
    let seen = idp.seen();
    let (_, authorization, body) = seen.iter().rfind(|(path, ..)| path == "/token").unwrap();
    assert!(authorization.is_empty() && body.contains("client_id=keyward-test") && !body.contains("client_secret"));
}
