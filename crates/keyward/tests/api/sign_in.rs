//! `/v1/auth`: coming in with a password, being refused, and leaving.

use http::Method;
use keyward_service::aggregate;
use keyward_testkit::{Actor, Answer, ManualClock, PASSWORD, TestApp};
use serde_json::{Value, json};

use crate::support::{PROJECTS, events, id};

keyward_testkit::on_both_databases!(
    signing_in_answers_the_session_and_hands_its_cookie_over,
    whatever_is_wrong_is_answered_alike_after_the_same_work,
    a_session_is_never_one_that_was_there_before,
    after_signing_out_a_stolen_cookie_opens_nothing,
    who_guesses_waits_and_the_owner_comes_in_from_elsewhere,
    a_network_that_tries_many_addresses_waits,
    what_went_well_is_not_counted,
    failures_stand_in_the_log_once_and_then_once_a_minute,
    a_user_who_is_disabled_while_signed_in_is_refused_on_the_next_request,
    where_single_sign_on_is_required_only_owners_come_by_password,
    a_session_ends_without_use_and_at_the_latest_after_two_weeks,
    what_a_sign_in_is_made_of_is_checked,
);

pub const SIGN_IN: &str = "/v1/auth/sign_in";
const SIGN_OUT: &str = "/v1/auth/sign_out";
const ACCOUNT: &str = "/v1/account";
const FIRST: &str = "first@example.com";

async fn sign_in(person: &Actor, email: &str, password: &str) -> Answer {
    person.post(SIGN_IN, json!({"email": email, "password": password})).await
}

/// Makes a member without any role of the first organization.
async fn plain_member(app: &TestApp, email: &str) {
    app.organization(&format!("Of {email}"), email).await;
    app.execute(&format!(
        "INSERT INTO organization_members (organization_id, user_id, created_at)
            SELECT o.id, u.id, 0 FROM organizations o, users u WHERE o.name = 'First' AND u.email = '{email}'"
    ))
    .await;
    app.execute(&format!(
        "DELETE FROM organization_members WHERE organization_id = (SELECT id FROM organizations WHERE name = 'Of {email}')"
    ))
    .await;
}

async fn signing_in_answers_the_session_and_hands_its_cookie_over(app: &TestApp) {
    let person = app.nobody.with_browser();
    let asking = person.asking(Method::POST, SIGN_IN).header("user-agent", "tests/1.0");
    let answer = asking.json(&json!({"email": " First@Example.com ", "password": PASSWORD})).send().await;
    let cookie = answer.header("set-cookie").unwrap().to_owned();
    assert_eq!(
        cookie.replace(&person.cookie(), "…"),
        "__Host-keyward=…; Path=/; Max-Age=1209600; Secure; HttpOnly; SameSite=Lax"
    );
    assert_eq!((person.cookie().len(), answer.header("cache-control")), (43, Some("no-store")));
    let session = answer.ok();
    let expected = json!({
        "object": "session", "id": id(&session), "organization_id": session["organization_id"],
        "user": {"object": "user", "id": session["user"]["id"], "email": FIRST, "name": "first"},
        "created_at": ManualClock::START, "expires_at": ManualClock::START + 1_209_600,
    });
    assert_eq!(session, expected);
    assert!(!session.to_string().contains(&person.cookie()));
    // A session is as good as an admin key of its user's.
    let made = person.post(PROJECTS, json!({"name": "By a person"})).await.ok();
    assert_eq!(app.admin.get(&format!("{PROJECTS}/{}", id(&made))).await.ok()["name"], "By a person");

    let event = events(app, "login.succeeded").await[0].clone();
    assert_eq!(event["actor"]["type"], "session");
    assert_eq!((&event["targets"], &event["ip_address"]), (&json!([session["id"]]), &json!("127.0.0.1")));
    assert_eq!((&event["after"]["method"], &event["user_agent"]), (&json!("password"), &json!("tests/1.0")));
}

async fn whatever_is_wrong_is_answered_alike_after_the_same_work(app: &TestApp) {
    for (name, email) in [("A", "disabled@example.com"), ("B", "passwordless@example.com"), ("C", "stray@example.com")]
    {
        app.organization(name, email).await;
    }
    let of = |email: &str| format!("user_id = (SELECT id FROM users WHERE email = '{email}')");
    app.execute(&format!("UPDATE organization_members SET disabled_at = 1 WHERE {}", of("disabled@example.com"))).await;
    app.execute(&format!("DELETE FROM passwords WHERE {}", of("passwordless@example.com"))).await;
    app.execute(&format!("DELETE FROM organization_members WHERE {}", of("stray@example.com"))).await;
    let mut seen = Vec::new();
    for (email, password) in [
        ("nobody@example.com", PASSWORD),
        ("no address", PASSWORD),
        ("", ""),
        (FIRST, "wrong horse battery"),
        (FIRST, ""),
        (FIRST, "Correct horse battery"),
        ("disabled@example.com", PASSWORD),
        ("passwordless@example.com", PASSWORD),
        ("passwordless@example.com", ""),
        ("stray@example.com", PASSWORD),
    ] {
        let before = app.server.keyward.passwords_hashed();
        let answer = sign_in(&app.nobody.with_browser(), email, password).await;
        assert_eq!(app.server.keyward.passwords_hashed(), before + 1, "{email}");
        answer.assert_error(401, "invalid_credentials", None);
        let mut headers: Vec<_> = answer.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        headers.retain(|(name, _)| name != "x-request-id" && name != "date");
        seen.push((answer.body.clone(), headers));
    }
    assert!(seen.iter().all(|other| *other == seen[0]), "{seen:?}");
}

async fn a_session_is_never_one_that_was_there_before(app: &TestApp) {
    // Somebody puts a cookie into the browser and waits for its user to sign in.
    let planted = "A".repeat(43);
    let person = app.nobody.with_cookie(&planted);
    sign_in(&person, FIRST, PASSWORD).await.ok();
    assert_ne!(person.cookie(), planted);
    app.nobody.with_cookie(&planted).get(ACCOUNT).await.assert_error(401, "signed_out", None);

    // Even if it is a real one, of somebody else.
    let attacker = app.person("second@example.com").await;
    let real = attacker.cookie();
    let person = app.nobody.with_cookie(&real);
    sign_in(&person, FIRST, PASSWORD).await.ok();
    assert_ne!(person.cookie(), real);
    attacker.get(ACCOUNT).await.assert_error(401, "signed_out", None);

    // Signing in again ends the session before.
    let before = person.cookie();
    sign_in(&person, FIRST, PASSWORD).await.ok();
    app.nobody.with_cookie(&before).get(ACCOUNT).await.assert_error(401, "signed_out", None);
    person.get(ACCOUNT).await.ok();

    // A refusal changes nothing.
    let before = person.cookie();
    sign_in(&person, FIRST, "wrong").await.assert_error(401, "invalid_credentials", None);
    assert_eq!(person.cookie(), before);
    person.get(ACCOUNT).await.ok();
}

async fn after_signing_out_a_stolen_cookie_opens_nothing(app: &TestApp) {
    let person = app.person(FIRST).await;
    let thief = app.nobody.with_cookie(person.cookie());
    thief.get(PROJECTS).await.ok();
    let answer = person.post(SIGN_OUT, json!({})).await;
    assert!(answer.header("set-cookie").unwrap().starts_with("__Host-keyward=; Path=/; Max-Age=0;"));
    assert_eq!(answer.ok(), json!({"object": "session.ended", "ended": true}));
    assert!(!person.has_cookie());
    for path in [PROJECTS, ACCOUNT] {
        thief.get(path).await.assert_error(401, "signed_out", None);
    }
    assert_eq!(events(app, "logout.succeeded").await.len(), 1);
    // Nobody to sign out is no error, and no event.
    for nobody in [&person, &thief, &app.nobody, &app.nobody.with_cookie("nonsense")] {
        nobody.post(SIGN_OUT, json!({})).await.ok();
    }
    assert_eq!(events(app, "logout.succeeded").await.len(), 1);
}

async fn who_guesses_waits_and_the_owner_comes_in_from_elsewhere(app: &TestApp) {
    let person = app.nobody.with_browser();
    for _ in 0..5 {
        sign_in(&person, FIRST, "a wrong password").await.assert_error(401, "invalid_credentials", None);
    }
    let hashed = app.server.keyward.passwords_hashed();
    for (email, password) in [(FIRST, "a wrong password"), (FIRST, PASSWORD), (" FIRST@example.com", PASSWORD)] {
        let refused = sign_in(&person, email, password).await;
        refused.assert_error(429, "too_many_attempts", None);
        assert_eq!((refused.header("retry-after"), refused.header("x-should-retry")), (Some("30"), Some("false")));
    }
    assert_eq!(app.server.keyward.passwords_hashed(), hashed, "nothing is hashed meanwhile");
    // Nobody can lock anybody out: not from another network, and not other people from here.
    sign_in(&person.elsewhere(), FIRST, PASSWORD).await.ok();
    app.person("second@example.com").await;

    app.clock.advance(29);
    sign_in(&person, FIRST, PASSWORD).await.assert_error(429, "too_many_attempts", None);
    app.clock.advance(1);
    sign_in(&person, FIRST, "a wrong password").await.assert_error(401, "invalid_credentials", None);
    assert_eq!(sign_in(&person, FIRST, PASSWORD).await.header("retry-after"), Some("60"), "twice as long");
    app.clock.advance(60);
    sign_in(&person, FIRST, PASSWORD).await.ok();
    for _ in 0..4 {
        sign_in(&person, FIRST, "a wrong password").await.assert_error(401, "invalid_credentials", None);
    }
    sign_in(&person, FIRST, PASSWORD).await.ok();
}

async fn a_network_that_tries_many_addresses_waits(app: &TestApp) {
    let person = app.nobody.with_browser();
    for number in 0..50 {
        let email = format!("user{number}@example.com");
        sign_in(&person, &email, PASSWORD).await.assert_error(401, "invalid_credentials", None);
    }
    sign_in(&person, FIRST, PASSWORD).await.assert_error(429, "too_many_attempts", None);
    sign_in(&person.elsewhere(), FIRST, PASSWORD).await.ok();
    app.clock.advance(30);
    sign_in(&person, FIRST, PASSWORD).await.ok();
}

async fn what_went_well_is_not_counted(app: &TestApp) {
    for _ in 0..7 {
        app.person(FIRST).await;
    }
    let together = (0..4).map(|_| app.person(FIRST));
    assert_eq!(futures_util::future::join_all(together).await.len(), 4);
}

async fn failures_stand_in_the_log_once_and_then_once_a_minute(app: &TestApp) {
    plain_member(app, "ada@example.com").await;
    let person = app.nobody.with_browser();
    let fail = async |email: &str| {
        sign_in(&person, email, "a wrong password").await.assert_error(401, "invalid_credentials", None);
    };
    let failures = async || {
        aggregate::write(&app.server.keyward, false).await.unwrap();
        events(app, "login.failed").await
    };
    fail("ada@example.com").await;
    fail("nobody@example.com").await;
    let first = failures().await;
    assert_eq!(first.len(), 1, "an address that nobody has fills no log");
    assert_eq!(first[0]["outcome"], "failed");
    assert_eq!(first[0]["after"], json!({"reason": "wrong_password"}));
    assert_eq!((&first[0]["ip_address"], first[0]["targets"].as_array().unwrap().len()), (&json!("127.0.0.1"), 1));
    fail("ada@example.com").await;
    app.clock.advance(10);
    fail("ada@example.com").await;
    assert_eq!(failures().await.len(), 1);
    app.clock.advance(50);
    let all = failures().await;
    assert_eq!(all.len(), 2);
    let since = ManualClock::START;
    assert_eq!(all[0]["after"], json!({"reason": "wrong_password", "count": 2, "since": since, "until": since + 10}));
    app.clock.advance(600);
    fail("ada@example.com").await;
    assert_eq!(failures().await.len(), 3);
    assert!(app.stranger.get("/v1/organization/audit_logs?event_types[]=login.failed").await.ok()["data"] == json!([]));
}

async fn a_user_who_is_disabled_while_signed_in_is_refused_on_the_next_request(app: &TestApp) {
    let person = app.person(FIRST).await;
    person.get(PROJECTS).await.ok();
    let of_first = "user_id = (SELECT id FROM users WHERE email = 'first@example.com')";
    app.execute(&format!("UPDATE organization_members SET disabled_at = 1 WHERE {of_first}")).await;
    person.get(PROJECTS).await.assert_error(401, "signed_out", None);
    person.post(PROJECTS, json!({"name": "A"})).await.assert_error(401, "signed_out", None);
    person.get(ACCOUNT).await.assert_error(401, "signed_out", None);
    person.post(SIGN_OUT, json!({})).await.ok();
}

async fn where_single_sign_on_is_required_only_owners_come_by_password(app: &TestApp) {
    plain_member(app, "ada@example.com").await;
    let ada = app.person("ada@example.com").await;
    app.execute("UPDATE organizations SET sso_required = 1 WHERE name = 'First'").await;
    app.person(FIRST).await.get(PROJECTS).await.ok();
    sign_in(&ada, "ada@example.com", "a wrong password").await.assert_error(401, "invalid_credentials", None);
    for _ in 0..7 {
        sign_in(&ada, "ada@example.com", PASSWORD).await.assert_error(403, "sso_required", None);
    }
    // Who belongs to another organization too comes in there, and no further.
    app.organization("Third", "ada@example.com").await;
    let ada = app.person("ada@example.com").await;
    let account = ada.get(ACCOUNT).await.ok();
    assert_eq!(account["organization"]["name"], "Third");
    let body = json!({"organization_id": account["organizations"][0]["id"]});
    ada.post("/v1/account/organization", body).await.assert_error(403, "sso_required", None);
}

async fn a_session_ends_without_use_and_at_the_latest_after_two_weeks(app: &TestApp) {
    const HOUR: u64 = 3600;
    let (idle, busy) = (app.person(FIRST).await, app.person(FIRST).await);
    for _ in 0..14 {
        app.clock.advance(23 * HOUR);
        busy.get(ACCOUNT).await.ok();
    }
    idle.get(ACCOUNT).await.assert_error(401, "signed_out", None);
    app.clock.advance(14 * HOUR - 1);
    busy.get(ACCOUNT).await.ok();
    app.clock.advance(1);
    busy.get(ACCOUNT).await.assert_error(401, "signed_out", None);
    assert_eq!(keyward_service::session::delete_over(&app.server.keyward).await.unwrap(), 2);
    let last = app.person(FIRST).await;
    assert_eq!(keyward_service::session::delete_over(&app.server.keyward).await.unwrap(), 0);
    last.get(ACCOUNT).await.ok();
}

async fn what_a_sign_in_is_made_of_is_checked(app: &TestApp) {
    let person = app.nobody.with_browser();
    for (body, code, param) in [
        (json!({}), "missing_required_parameter", "email"),
        (json!({"email": FIRST}), "missing_required_parameter", "password"),
        (json!({"email": FIRST, "password": 1}), "invalid_type", "password"),
        (json!({"email": FIRST, "password": PASSWORD, "organization": "x"}), "unknown_parameter", "organization"),
    ] {
        person.post(SIGN_IN, body).await.assert_error(400, code, param);
    }
    person.post(SIGN_OUT, json!({"all": true})).await.assert_error(400, "unknown_parameter", "all");
    for wrong in [Value::Null, json!("")] {
        let body = json!({"email": FIRST, "password": PASSWORD, "code": wrong});
        person.post(SIGN_IN, body).await.ok();
    }
}
