//! `/v1/auth/invitations`: what whoever holds a link can do with it.

use http::Method;
use keyward_testkit::{ManualClock, TestApp};
use serde_json::{Value, json};

use crate::{
    links::{
        ACCEPT, COMPLETE, DECLINE, DESCRIBE, INVITES, NEW_PASSWORD, PASSWORD, cookie, invite, join, owner_id, token,
        with_cookie,
    },
    support::{PROJECTS, id, ids},
};

keyward_testkit::on_both_databases!(
    a_new_person_makes_their_account_by_accepting,
    a_new_person_says_their_name_and_chooses_a_password,
    somebody_with_an_account_proves_that_it_is_theirs,
    a_session_accepts_for_its_own_address_only,
    passwords_cannot_be_guessed_by_an_invitation,
    every_link_that_opens_nothing_is_answered_alike,
    an_invitation_can_be_declined,
    two_who_accept_at_once_make_one_member,
    a_page_of_another_site_accepts_nothing,
);

async fn events(app: &TestApp, kind: &str) -> Vec<Value> {
    let list = app.admin.get(&format!("/v1/organization/audit_logs?event_types[]={kind}")).await.ok();
    list["data"].as_array().unwrap().clone()
}

async fn a_new_person_makes_their_account_by_accepting(app: &TestApp) {
    let project = id(&app.admin.post(PROJECTS, json!({"name": "Mine"})).await.ok());
    app.project("Not mine").await;
    let projects = json!([{"id": project, "role": "member"}]);
    let body = json!({"email": "ada@example.com", "role": "reader", "projects": projects});
    let made = app.admin.post(INVITES, body).await.ok();
    let token = token(made["url"].as_str().unwrap(), "invitation");
    let described = app.nobody.post(DESCRIBE, json!({"token": token})).await;
    assert_eq!(described.header("cache-control"), Some("no-store"));
    let expected = json!({
        "object": "invitation", "organization_name": "First", "email": "ada@example.com", "role": "reader",
        "invited_by": "first", "account_exists": false, "sso_required": false,
        "expires_at": ManualClock::START + 7 * 24 * 3600,
    });
    assert_eq!(described.ok(), expected);

    let answer = app.nobody.post(ACCEPT, json!({"token": token, "name": " Ada ", "password": PASSWORD})).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let cookie = cookie(&answer);
    let accepted = answer.ok();
    assert_eq!(accepted["object"], "invitation.accepted");
    assert_eq!(accepted["organization_name"], "First");
    assert_eq!((&accepted["user"]["email"], &accepted["user"]["name"]), (&json!("ada@example.com"), &json!("Ada")));
    assert_eq!(accepted["session"]["organization_id"], accepted["organization_id"]);

    let seen = with_cookie(app, &cookie, Method::GET, PROJECTS, None).await.ok();
    assert_eq!(ids(&seen), [project], "what the invitation gave, and nothing else");
    for (kind, target) in [
        ("invite.accepted", id(&made)),
        ("user.added", id(&accepted["user"])),
        ("role.assignment.created", id(&accepted["user"])),
    ] {
        let events = events(app, kind).await;
        assert!(events[0].to_string().contains(&target), "{kind}: {events:?}");
        assert!(events[0].to_string().contains("ada@example.com"), "{kind}: the person is the actor");
    }
}

async fn a_new_person_says_their_name_and_chooses_a_password(app: &TestApp) {
    let (_, token) = invite(&app.admin, "ada@example.com").await;
    for (body, code, param) in [
        (json!({"token": token}), "missing_required_parameter", "name"),
        (json!({"token": token, "name": "Ada"}), "missing_required_parameter", "password"),
        (json!({"token": token, "name": " ", "password": PASSWORD}), "invalid_value", "name"),
        (json!({"token": token, "name": "Ada", "password": "short"}), "invalid_value", "password"),
        (json!({"name": "Ada", "password": PASSWORD}), "missing_required_parameter", "token"),
        (json!({"token": token, "email": "bob@example.com"}), "unknown_parameter", "email"),
    ] {
        app.nobody.post(ACCEPT, body).await.assert_error(400, code, param);
    }
    join(app, &token, "Ada").await;
}

async fn somebody_with_an_account_proves_that_it_is_theirs(app: &TestApp) {
    let (_, token) = invite(&app.admin, "second@example.com").await;
    assert_eq!(app.nobody.post(DESCRIBE, json!({"token": token})).await.ok()["account_exists"], true);
    let accept = async |body: Value| app.nobody.post(ACCEPT, body).await;
    accept(json!({"token": token})).await.assert_error(403, "sign_in_required", None);
    for wrong in ["x", "correct horse batterx"] {
        let body = json!({"token": token, "password": wrong, "name": "Mallory"});
        accept(body).await.assert_error(403, "wrong_password", None);
    }
    let accepted = accept(json!({"token": token, "password": PASSWORD})).await.ok();
    assert_eq!(accepted["user"]["id"], owner_id(&app.stranger).await);
    assert_eq!(accepted["user"]["name"], "second", "an account keeps its name");
}

async fn a_session_accepts_for_its_own_address_only(app: &TestApp) {
    let (_, first) = invite(&app.admin, "ada@example.com").await;
    let ada = join(app, &first, "Ada").await;
    for email in ["bob@example.com", "first@example.com"] {
        let (_, token) = invite(&app.stranger, email).await;
        let body = json!({"token": token, "name": "Bob", "password": PASSWORD});
        let refused = with_cookie(app, &ada, Method::POST, ACCEPT, Some(body)).await;
        refused.assert_error(403, "invitation_for_another_address", None);
        assert!(app.nobody.post(DESCRIBE, json!({"token": token})).await.status == 200, "it is still good");
    }
    let (_, token) = invite(&app.stranger, "ada@example.com").await;
    let answer = with_cookie(app, &ada, Method::POST, ACCEPT, Some(json!({"token": token}))).await;
    let new = cookie(&answer);
    assert_eq!(answer.ok()["organization_name"], "Second");
    with_cookie(app, &new, Method::GET, PROJECTS, None).await.ok();
    let old = with_cookie(app, &ada, Method::GET, PROJECTS, None).await;
    old.assert_error(401, "signed_out", None);
    // A session that is over is like none at all.
    let (_, token) = invite(&app.admin, "bob@example.com").await;
    let body = json!({"token": token, "name": "Bob", "password": PASSWORD});
    with_cookie(app, &ada, Method::POST, ACCEPT, Some(body)).await.ok();
}

async fn passwords_cannot_be_guessed_by_an_invitation(app: &TestApp) {
    let (_, token) = invite(&app.admin, "second@example.com").await;
    let guess = async |password: &str| app.nobody.post(ACCEPT, json!({"token": token, "password": password})).await;
    for number in 0..5 {
        guess(&format!("guess number {number}")).await.assert_error(403, "wrong_password", None);
    }
    let refused = guess(PASSWORD).await;
    refused.assert_error(429, "too_many_attempts", None);
    assert_eq!((refused.header("retry-after"), refused.header("x-should-retry")), (Some("30"), Some("false")));
    app.clock.advance(30);
    guess(PASSWORD).await.ok();
}

async fn every_link_that_opens_nothing_is_answered_alike(app: &TestApp) {
    let (_, used) = invite(&app.admin, "used@example.com").await;
    join(app, &used, "Used").await;
    let (revoked_id, revoked) = invite(&app.admin, "revoked@example.com").await;
    app.admin.delete(&format!("{INVITES}/{revoked_id}")).await.ok();
    let (_, declined) = invite(&app.admin, "declined@example.com").await;
    app.nobody.post(DECLINE, json!({"token": declined})).await.ok();
    let (_, expired) = invite(&app.admin, "expired@example.com").await;
    app.clock.advance(7 * 24 * 3600);
    let (_, good) = invite(&app.admin, "good@example.com").await;
    let tampered = format!("{}{}", &good[..42], if good.ends_with('x') { 'y' } else { 'x' });
    let user = owner_id(&app.admin).await;
    let reset = app.admin.post(&format!("/v1/organization/users/{user}/password_reset_link"), json!({})).await.ok();
    let of_another_purpose = token(reset["url"].as_str().unwrap(), "password-reset");

    let mut told = Vec::new();
    for dead in [used, revoked, declined, expired, tampered, of_another_purpose.clone(), "x".into(), String::new()] {
        let accepting = json!({"token": dead, "name": "Mallory", "password": PASSWORD});
        for (path, body) in [(ACCEPT, accepting), (DESCRIBE, json!({"token": dead})), (DECLINE, json!({"token": dead}))]
        {
            let answer = app.nobody.post(path, body).await;
            answer.assert_error(404, "invalid_link", None);
            told.push(answer.json);
        }
    }
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:?}");
    let body = json!({"token": good, "new_password": NEW_PASSWORD});
    app.nobody.post(COMPLETE, body).await.assert_error(404, "invalid_link", None);
    app.nobody.post(COMPLETE, json!({"token": of_another_purpose, "new_password": NEW_PASSWORD})).await.ok();
    app.nobody.post(DESCRIBE, json!({"token": good})).await.ok();
}

async fn an_invitation_can_be_declined(app: &TestApp) {
    for (email, actor) in [("nobody@example.com", "nobody@example.com"), ("second@example.com", "second@example.com")] {
        let (invitation, token) = invite(&app.admin, email).await;
        let declined = app.nobody.post(DECLINE, json!({"token": token})).await.ok();
        assert_eq!(declined, json!({"object": "invitation.declined", "declined": true}));
        let seen = app.admin.get(&format!("{INVITES}/{invitation}")).await.ok();
        assert_eq!((&seen["status"], &seen["ended_as"]), (&json!("expired"), &json!("declined")));
        let events = events(app, "invite.declined").await;
        assert!(events[0].to_string().contains(actor), "{events:?}");
        invite(&app.admin, email).await;
    }
}

async fn two_who_accept_at_once_make_one_member(app: &TestApp) {
    let (_, token) = invite(&app.admin, "ada@example.com").await;
    let body = json!({"token": token, "name": "Ada", "password": PASSWORD});
    let (one, other) = tokio::join!(app.nobody.post(ACCEPT, body.clone()), app.nobody.post(ACCEPT, body));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert!(statuses[0] == 200 && matches!(statuses[1], 403 | 404), "{} {}", one.text(), other.text());
    assert_eq!(events(app, "invite.accepted").await.len(), 1);
}

async fn a_page_of_another_site_accepts_nothing(app: &TestApp) {
    let (_, token) = invite(&app.admin, "ada@example.com").await;
    let body = json!({"token": token, "name": "Ada", "password": PASSWORD});
    for (path, body) in [(ACCEPT, body.clone()), (DECLINE, json!({"token": token}))] {
        for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")] {
            let asking = app.nobody.asking(Method::POST, path).header(name, value).json(&body);
            asking.send().await.assert_error(403, "cross_site_request", None);
        }
    }
    let with_stale_cookie =
        app.nobody.asking(Method::POST, ACCEPT).header("cookie", &format!("__Host-keyward={token}"));
    with_stale_cookie.json(&body).send().await.assert_error(403, "cross_site_request", None);
    join(app, &token, "Ada").await;
}
