//! `/v1/account`: what is a person's own.

use keyward_testkit::{ManualClock, PASSWORD, TestApp};
use serde_json::json;

use crate::{
    sign_in::SIGN_IN,
    support::{events, id, ids},
};

keyward_testkit::on_both_databases!(
    a_person_sees_who_they_are_and_what_they_may_do,
    a_name_is_changed_for_oneself_everywhere,
    sessions_are_listed_and_ended_one_by_one_or_all_but_this,
    a_changed_password_ends_every_other_session_and_rotates_this_one,
    a_password_that_is_easily_guessed_is_refused,
    guessing_the_present_password_in_a_session_is_throttled,
    who_has_no_password_is_told_so,
    going_to_another_organization_rotates_the_session,
    who_comes_by_single_sign_on_stays_in_that_organization,
    a_key_has_no_account,
);

const ACCOUNT: &str = "/v1/account";
const SESSIONS: &str = "/v1/account/sessions";
const FIRST: &str = "first@example.com";
const NEW: &str = "purple tractor sings quietly";

async fn a_person_sees_who_they_are_and_what_they_may_do(app: &TestApp) {
    let person = app.person(FIRST).await;
    let account = person.get(ACCOUNT).await.ok();
    let organization = json!({"object": "organization", "id": account["organization"]["id"], "name": "First"});
    let session = &account["session"];
    let expected = json!({
        "object": "account",
        "user": {"object": "user", "id": account["user"]["id"], "email": FIRST, "name": "first"},
        "organization": organization, "organizations": [organization],
        "permissions": account["permissions"], "projects": [],
        "session": {"object": "account.session", "id": session["id"], "organization_id": organization["id"],
            "is_current": true, "method": "password", "ip": "127.0.0.1", "user_agent": null,
            "created_at": ManualClock::START, "last_seen_at": ManualClock::START,
            "expires_at": ManualClock::START + 1_209_600},
        "has_password": true, "second_factor": {"enabled": false, "recovery_codes_left": 0},
    });
    assert_eq!(account, expected);
    let all = app.admin.get("/v1/organization/permissions").await.ok()["data"].as_array().unwrap().len();
    assert_eq!(account["permissions"].as_array().unwrap().len(), all, "an owner holds everything");

    // What single projects give stands beside it.
    let project = app.project("Project").await;
    let project = project.rsplit('/').next().unwrap();
    app.organization("Third", "ada@example.com").await;
    app.execute(
        "INSERT INTO organization_members (organization_id, user_id, created_at)
            SELECT o.id, u.id, 0 FROM organizations o, users u WHERE o.name = 'First' AND u.email = 'ada@example.com'",
    )
    .await;
    app.execute(
        "INSERT INTO role_assignments
            (organization_id, principal_kind, principal_id, project_id, role_id, source, created_by, created_at)
            SELECT p.organization_id, 'user', u.id, p.id, a.role_id, a.source, NULL, 0
            FROM projects p, users u, role_assignments a WHERE u.email = 'ada@example.com' AND a.principal_id = u.id",
    )
    .await;
    let ada = app.person("ada@example.com").await.get(ACCOUNT).await.ok();
    assert_eq!((&ada["organization"]["name"], ada["organizations"].as_array().unwrap().len()), (&json!("First"), 2));
    assert_eq!(ada["permissions"], json!(["organization:read"]), "an owner's role fits no project: {project}");
}

async fn a_name_is_changed_for_oneself_everywhere(app: &TestApp) {
    app.organization("Third", FIRST).await;
    let person = app.person(FIRST).await;
    let account = person.post(ACCOUNT, json!({"name": " Ada "})).await.ok();
    assert_eq!(account["user"]["name"], "Ada");
    person.post(ACCOUNT, json!({"name": "Ada"})).await.ok();
    let event = &events(app, "user.updated").await[0];
    assert_eq!((&event["before"], &event["after"]), (&json!({"name": "first"}), &json!({"name": "Ada"})));
    assert_eq!(events(app, "user.updated").await.len(), 1, "what changes nothing is no event");
    check_names_of_account(app).await;
}

async fn check_names_of_account(app: &TestApp) {
    let person = app.person(FIRST).await;
    for wrong in crate::support::WRONG_NAMES {
        person.post(ACCOUNT, json!({"name": wrong})).await.assert_error(400, "invalid_value", "name");
    }
    for kept in crate::support::KEPT_NAMES {
        let account = person.post(ACCOUNT, json!({"name": kept})).await.ok();
        assert_eq!(account["user"]["name"], *kept);
    }
    person.post(ACCOUNT, json!({"email": "a@example.com"})).await.assert_error(400, "unknown_parameter", "email");
}

async fn sessions_are_listed_and_ended_one_by_one_or_all_but_this(app: &TestApp) {
    let (one, two, three) = (app.person(FIRST).await, app.person(FIRST).await, app.person(FIRST).await);
    let stranger = app.person("second@example.com").await;
    let list = two.get(SESSIONS).await.ok();
    let all = ids(&list);
    assert_eq!((all.len(), &list["has_more"]), (3, &json!(false)));
    let current: Vec<_> =
        list["data"].as_array().unwrap().iter().map(|session| session["is_current"] == true).collect();
    assert_eq!(current, [false, true, false], "the latest first");
    assert!(!list.to_string().contains(&one.cookie()));

    // What isn't one's own isn't there.
    let theirs = ids(&stranger.get(SESSIONS).await.ok())[0].clone();
    for wrong in [&theirs, "sess_00000000000000000000000000000000", "x"] {
        two.delete(&format!("{SESSIONS}/{wrong}")).await.assert_error(404, "not_found", None);
    }
    stranger.get(ACCOUNT).await.ok();

    let gone = two.delete(&format!("{SESSIONS}/{}", all[2])).await.ok();
    assert_eq!(gone, json!({"object": "account.session.deleted", "id": all[2], "deleted": true}));
    one.get(ACCOUNT).await.assert_error(401, "signed_out", None);
    two.delete(&format!("{SESSIONS}/{}", all[2])).await.assert_error(404, "not_found", None);

    let revoked = two.post(&format!("{SESSIONS}/revoke_others"), json!({})).await.ok();
    assert_eq!(revoked, json!({"object": "account.sessions.revoked", "revoked": 1}));
    three.get(ACCOUNT).await.assert_error(401, "signed_out", None);
    stranger.get(ACCOUNT).await.ok();
    assert_eq!(two.post(&format!("{SESSIONS}/revoke_others"), json!({})).await.ok()["revoked"], 0);

    // Ending the one that is used is signing out.
    two.delete(&format!("{SESSIONS}/{}", all[1])).await.ok();
    assert!(!two.has_cookie());
    let ended = events(app, "logout.succeeded").await;
    let targets: Vec<_> = ended.iter().map(|event| event["targets"].clone()).collect();
    assert_eq!(targets, [json!([all[1]]), json!([all[0]]), json!([all[2]])]);
    two.get(&format!("{SESSIONS}?limit=1")).await.assert_error(401, "not_signed_in", None);
    app.person(FIRST).await.get(&format!("{SESSIONS}?x=1")).await.assert_error(400, "unknown_parameter", "x");
}

async fn a_changed_password_ends_every_other_session_and_rotates_this_one(app: &TestApp) {
    let (person, other) = (app.person(FIRST).await, app.person(FIRST).await);
    let before = person.cookie();
    let change = json!({"current_password": PASSWORD, "new_password": NEW});
    let answer = person.post("/v1/account/password", change).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let session = answer.ok();
    assert_ne!(person.cookie(), before);
    assert_eq!(person.get(ACCOUNT).await.ok()["session"]["id"], session["id"]);
    for ended in [&other, &app.nobody.with_cookie(before)] {
        ended.get(ACCOUNT).await.assert_error(401, "signed_out", None);
    }
    let come_in = async |password: &str| {
        app.nobody.with_browser().post(SIGN_IN, json!({"email": FIRST, "password": password})).await
    };
    come_in(PASSWORD).await.assert_error(401, "invalid_credentials", None);
    come_in(NEW).await.ok();
    let event = &events(app, "user.updated").await[0];
    assert_eq!((&event["before"], &event["after"]), (&json!({}), &json!({"password": "changed"})));
    // It doesn't last longer for it.
    app.clock.advance(3600);
    let change = json!({"current_password": NEW, "new_password": PASSWORD});
    let again = person.post("/v1/account/password", change).await.ok();
    assert_eq!(again["expires_at"], session["expires_at"]);
}

async fn a_password_that_is_easily_guessed_is_refused(app: &TestApp) {
    app.organization("Third", "ada.lovelace@analytical.example").await;
    let person = app.person("ada.lovelace@analytical.example").await;
    let change = async |current: &str, new: &str| {
        person.post("/v1/account/password", json!({"current_password": current, "new_password": new})).await
    };
    for weak in ["password1234", "keyward keyward", "lovelace.ada", "ada.lovelace@analytical.example"] {
        change(PASSWORD, weak).await.assert_error(400, "password_too_common", "new_password");
    }
    change(PASSWORD, "x7Qm2vLp9sT").await.assert_error(400, "invalid_value", "new_password");
    change(PASSWORD, &"x".repeat(1025)).await.assert_error(400, "invalid_value", "new_password");
    change("a wrong password", NEW).await.assert_error(403, "wrong_password", None);
    change(PASSWORD, NEW).await.ok();
}

async fn guessing_the_present_password_in_a_session_is_throttled(app: &TestApp) {
    let person = app.person(FIRST).await;
    let change = async |current: &str| {
        person.post("/v1/account/password", json!({"current_password": current, "new_password": NEW})).await
    };
    for _ in 0..5 {
        change("a wrong password").await.assert_error(403, "wrong_password", None);
    }
    change(PASSWORD).await.assert_error(429, "too_many_attempts", None);
    app.clock.advance(30);
    change(PASSWORD).await.ok();
    keyward_service::aggregate::write(&app.server.keyward, true).await.unwrap();
    let failed = events(app, "login.failed").await;
    assert_eq!(failed[0]["after"]["reason"], "wrong_password_in_session");
}

async fn who_has_no_password_is_told_so(app: &TestApp) {
    let person = app.person(FIRST).await;
    app.execute("DELETE FROM passwords").await;
    assert_eq!(person.get(ACCOUNT).await.ok()["has_password"], false);
    let change = json!({"current_password": PASSWORD, "new_password": NEW});
    person.post("/v1/account/password", change).await.assert_error(409, "no_password", None);
}

async fn going_to_another_organization_rotates_the_session(app: &TestApp) {
    app.organization("Third", FIRST).await;
    let person = app.person(FIRST).await;
    let account = person.get(ACCOUNT).await.ok();
    let organizations = account["organizations"].as_array().unwrap();
    assert_eq!((organizations.len(), &account["organization"]), (2, &organizations[0]), "the oldest first");
    let before = person.cookie();
    let third = id(&organizations[1]);
    let session = person.post("/v1/account/organization", json!({"organization_id": third})).await.ok();
    assert_eq!(session["organization_id"], third);
    assert_ne!(person.cookie(), before);
    app.nobody.with_cookie(before).get(ACCOUNT).await.assert_error(401, "signed_out", None);
    assert_eq!(person.get(ACCOUNT).await.ok()["organization"]["name"], "Third");
    assert_eq!(events(app, "logout.succeeded").await[0]["after"], json!({"to": third}));

    let stranger = app.person("second@example.com").await.get(ACCOUNT).await.ok();
    for wrong in [stranger["organization"]["id"].as_str().unwrap(), "x", "org_00000000000000000000000000000000"] {
        let refused = person.post("/v1/account/organization", json!({"organization_id": wrong})).await;
        refused.assert_error(404, "not_found", None);
    }
    app.execute(
        "UPDATE organization_members SET disabled_at = 1
            WHERE organization_id = (SELECT id FROM organizations WHERE name = 'First')",
    )
    .await;
    let first = json!({"organization_id": organizations[0]["id"]});
    person.post("/v1/account/organization", first).await.assert_error(404, "not_found", None);
    // Who signs in anew comes into the one that is left.
    assert_eq!(app.person(FIRST).await.get(ACCOUNT).await.ok()["organization"]["name"], "Third");
}

async fn who_comes_by_single_sign_on_stays_in_that_organization(app: &TestApp) {
    app.organization("Third", FIRST).await;
    let (here, there) = (app.person(FIRST).await, app.person(FIRST).await);
    let account = here.get(ACCOUNT).await.ok();
    let ids = [id(&account["organizations"][0]), id(&account["organizations"][1])];
    there.post("/v1/account/organization", json!({"organization_id": ids[1]})).await.ok();
    // As if an identity provider of the first organization had vouched for them.
    app.execute(
        "UPDATE sessions SET sso_provider_id = user_id
            WHERE organization_id = (SELECT id FROM organizations WHERE name = 'First')",
    )
    .await;
    assert_eq!(here.get(ACCOUNT).await.ok()["session"]["method"], "sso");
    let to = json!({"organization_id": ids[1]});
    here.post("/v1/account/organization", to).await.assert_error(403, "sign_in_again", None);
    here.post("/v1/account/organization", json!({"organization_id": ids[0]})).await.ok();
    let listed = here.get(SESSIONS).await.ok();
    assert_eq!(crate::support::ids(&listed).len(), 1, "the other organization's sessions aren't its business");
    assert_eq!(here.post(&format!("{SESSIONS}/revoke_others"), json!({})).await.ok()["revoked"], 0);
    let other = id(&there.get(ACCOUNT).await.ok()["session"]);
    here.delete(&format!("{SESSIONS}/{other}")).await.assert_error(404, "not_found", None);
}

async fn a_key_has_no_account(app: &TestApp) {
    app.admin.get(ACCOUNT).await.assert_error(403, "session_required", None);
    app.nobody.get(ACCOUNT).await.assert_error(401, "not_signed_in", None);
    app.nobody.with_key("sk-admin-nonsense").get(ACCOUNT).await.assert_error(401, "invalid_api_key", None);
    // A request that shows a key is that key's, whatever cookie a browser adds.
    let person = app.person(FIRST).await;
    let key = format!("Bearer {}", app.admin.key().unwrap());
    let both = person.asking(http::Method::GET, ACCOUNT).header("authorization", &key).send().await;
    both.assert_error(403, "session_required", None);
}
