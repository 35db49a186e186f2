//! `/v1/auth/password_reset`, and links that administrators hand over.

use http::Method;
use keyward_testkit::{Actor, TestApp};
use serde_json::json;

use crate::{
    links::{
        ACCEPT, COMPLETE, INVITES, NEW_PASSWORD, PASSWORD, RESET, cookie, invite, join, owner_id, token, with_cookie,
    },
    support::{PROJECTS, id, ids},
};

keyward_testkit::on_both_databases!(
    without_mail_every_address_is_told_the_same,
    one_network_asks_a_few_times_only,
    a_handed_link_sets_the_password_once_and_ends_every_session,
    a_link_is_good_for_an_hour_and_until_there_is_a_newer_one,
    a_refused_password_leaves_the_link_good,
    a_link_is_handed_over_for_own_members_only,
    every_link_that_opens_nothing_is_answered_alike,
);

mod mailed {
    keyward_testkit::on_both_databases!(on Mailing: whoever_has_an_account_gets_a_mail_and_nobody_can_tell,
        an_invitation_is_mailed_and_its_link_shown_to_nobody,);

    use super::{
        an_invitation_is_mailed_and_its_link_shown_to_nobody, whoever_has_an_account_gets_a_mail_and_nobody_can_tell,
    };
}

async fn handed(actor: &Actor, user: &str) -> String {
    let made = actor.post(&format!("/v1/organization/users/{user}/password_reset_link"), json!({})).await.ok();
    assert_eq!((&made["object"], &made["user_id"]), (&json!("organization.user.password_reset_link"), &json!(user)));
    token(made["url"].as_str().unwrap(), "password-reset")
}

/// A new member of the first organization: their id and a session.
async fn ada(app: &TestApp) -> (String, String) {
    let (_, token) = invite(&app.admin, "ada@example.com").await;
    let answer = app.nobody.post(ACCEPT, json!({"token": token, "name": "Ada", "password": PASSWORD})).await;
    let cookie = cookie(&answer);
    (id(&answer.ok()["user"]), cookie)
}

/// Whether the password of `email` is that one: what joining another
/// organization asks.
async fn is_password(app: &TestApp, email: &str, password: &str) -> bool {
    let (invitation, token) = invite(&app.stranger, email).await;
    let answer = app.nobody.post(ACCEPT, json!({"token": token, "password": password})).await;
    if answer.status != 200 {
        answer.assert_error(403, "wrong_password", None);
        app.stranger.delete(&format!("{INVITES}/{invitation}")).await.ok();
    }
    answer.status == 200
}

async fn without_mail_every_address_is_told_the_same(app: &TestApp) {
    let known = app.nobody.post(RESET, json!({"email": "first@example.com"})).await;
    assert_eq!(known.header("cache-control"), Some("no-store"));
    let known = known.ok();
    assert_eq!((&known["object"], &known["by_mail"]), (&json!("password_reset"), &json!(false)));
    assert!(known["message"].as_str().unwrap().contains("administrator"));
    for email in ["nobody@example.com", "FIRST@example.com"] {
        assert_eq!(app.nobody.post(RESET, json!({"email": email})).await.ok(), known);
    }
    app.nobody.post(RESET, json!({"email": "nobody"})).await.assert_error(400, "invalid_value", "email");
}

async fn one_network_asks_a_few_times_only(app: &TestApp) {
    for number in 0..10 {
        app.nobody.post(RESET, json!({"email": format!("{number}@example.com")})).await.ok();
    }
    for email in ["first@example.com", "nobody@example.com"] {
        let refused = app.nobody.post(RESET, json!({"email": email})).await;
        refused.assert_error(429, "too_many_attempts", None);
        assert_eq!((refused.header("retry-after"), refused.header("x-should-retry")), (Some("60"), Some("false")));
    }
    app.clock.advance(60);
    app.nobody.post(RESET, json!({"email": "first@example.com"})).await.ok();
}

async fn a_handed_link_sets_the_password_once_and_ends_every_session(app: &TestApp) {
    let (user, session) = ada(app).await;
    let token = handed(&app.admin, &user).await;
    with_cookie(app, &session, Method::GET, PROJECTS, None).await.ok();
    let body = json!({"token": token, "new_password": NEW_PASSWORD});
    let answer = app.nobody.post(COMPLETE, body.clone()).await;
    assert_eq!(cookie(&answer), "__Host-keyward=", "no session: signing in comes afterwards");
    assert_eq!(answer.ok()["object"], "password_reset.completed");
    with_cookie(app, &session, Method::GET, PROJECTS, None).await.assert_error(401, "signed_out", None);
    app.nobody.post(COMPLETE, body).await.assert_error(404, "invalid_link", None);
    assert!(!is_password(app, "ada@example.com", PASSWORD).await);
    assert!(is_password(app, "ada@example.com", NEW_PASSWORD).await);

    let events = app.admin.get("/v1/organization/audit_logs?event_types[]=user.updated").await.ok();
    assert_eq!(ids(&events).len(), 2, "the link, and the password");
    let told = events["data"][0].to_string();
    assert!(told.contains("changed") && told.contains("ada@example.com") && !told.contains("argon2"), "{told}");
}

async fn a_link_is_good_for_an_hour_and_until_there_is_a_newer_one(app: &TestApp) {
    let (user, _) = ada(app).await;
    let complete =
        async |token: &str| app.nobody.post(COMPLETE, json!({"token": token, "new_password": NEW_PASSWORD})).await;
    let old = handed(&app.admin, &user).await;
    let late = handed(&app.admin, &user).await;
    complete(&old).await.assert_error(404, "invalid_link", None);
    app.clock.advance(3600);
    complete(&late).await.assert_error(404, "invalid_link", None);
    let good = handed(&app.admin, &user).await;
    app.clock.advance(3599);
    complete(&good).await.ok();
}

async fn a_refused_password_leaves_the_link_good(app: &TestApp) {
    let (user, _) = ada(app).await;
    let token = handed(&app.admin, &user).await;
    for (body, code, param) in [
        (json!({"token": token, "new_password": "short"}), "invalid_value", "new_password"),
        (json!({"token": token}), "missing_required_parameter", "new_password"),
        (json!({"token": token, "new_password": PASSWORD, "email": "x"}), "unknown_parameter", "email"),
    ] {
        app.nobody.post(COMPLETE, body).await.assert_error(400, code, param);
    }
    let asking = app.nobody.asking(Method::POST, COMPLETE).header("sec-fetch-site", "cross-site");
    let asking = asking.json(&json!({"token": token, "new_password": NEW_PASSWORD}));
    asking.send().await.assert_error(403, "cross_site_request", None);
    app.nobody.post(COMPLETE, json!({"token": token, "new_password": NEW_PASSWORD})).await.ok();
}

async fn a_link_is_handed_over_for_own_members_only(app: &TestApp) {
    let theirs = owner_id(&app.stranger).await;
    for user in [theirs, format!("user_{}", "0".repeat(32)), "x".into()] {
        let path = format!("/v1/organization/users/{user}/password_reset_link");
        app.admin.post(&path, json!({})).await.assert_error(404, "not_found", None);
    }
    let (user, session) = ada(app).await;
    let path = format!("/v1/organization/users/{user}/password_reset_link");
    let by_herself = with_cookie(app, &session, Method::POST, &path, Some(json!({}))).await;
    by_herself.assert_error(403, "insufficient_permissions", None);
    let (_, token) = invite(&app.stranger, "ada@example.com").await;
    app.nobody.post(ACCEPT, json!({"token": token, "password": PASSWORD})).await.ok();
    app.admin.post(&path, json!({})).await.assert_error(403, "member_of_other_organizations", None);
    app.stranger.post(&path, json!({})).await.assert_error(403, "member_of_other_organizations", None);
}

async fn every_link_that_opens_nothing_is_answered_alike(app: &TestApp) {
    let (_, invitation) = invite(&app.admin, "bob@example.com").await;
    let mut told = Vec::new();
    for dead in ["a".repeat(43), invitation.clone(), "x".into(), String::new(), "é".repeat(43)] {
        let answer = app.nobody.post(COMPLETE, json!({"token": dead, "new_password": NEW_PASSWORD})).await;
        answer.assert_error(404, "invalid_link", None);
        told.push(answer.json);
    }
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:?}");
    join(app, &invitation, "Bob").await;
}

async fn whoever_has_an_account_gets_a_mail_and_nobody_can_tell(app: &TestApp) {
    let reset = async |email: &str| app.nobody.post(RESET, json!({"email": email})).await;
    let unknown = reset("nobody@example.com").await;
    let known = reset("second@example.com").await;
    let names = |answer: &keyward_testkit::Answer| answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!((unknown.status, names(&unknown)), (known.status, names(&known)));
    let unknown = unknown.ok();
    assert_eq!((&unknown, &unknown["by_mail"]), (&known.ok(), &json!(true)));

    let letter = app.mailbox().next().await;
    assert_eq!(letter.to, "second@example.com", "nobody else was written to");
    let old = token(&letter.link(), "password-reset");
    // A stranger can't replace links as fast as they like.
    reset("second@example.com").await.ok();
    app.clock.advance(60);
    reset("second@example.com").await.ok();
    let letter = app.mailbox().next().await;
    let new = token(&letter.link(), "password-reset");
    let complete =
        async |token: &str| app.nobody.post(COMPLETE, json!({"token": token, "new_password": NEW_PASSWORD})).await;
    complete(&old).await.assert_error(404, "invalid_link", None);
    complete(&new).await.ok();
    assert!(app.mailbox().is_empty().await);
    let events = app.stranger.get("/v1/organization/audit_logs?event_types[]=user.updated").await.ok();
    assert_eq!(ids(&events).len(), 1);
}

async fn an_invitation_is_mailed_and_its_link_shown_to_nobody(app: &TestApp) {
    let answer = app.admin.post(INVITES, json!({"email": "ada@example.com", "role": "reader"})).await;
    let made = answer.clone().ok();
    assert!(made.get("url").is_none(), "{made}");
    let letter = app.mailbox().next().await;
    assert_eq!(letter.to, "ada@example.com");
    let text = letter.text();
    assert!(text.contains("first (first@example.com) invites ada@example.com to join First"), "{text}");
    let old = token(&letter.link(), "invitation");
    let resent = app.admin.post(&format!("{INVITES}/{}/resend", id(&made)), json!({})).await.ok();
    assert!(resent.get("url").is_none(), "{resent}");
    let new = token(&app.mailbox().next().await.link(), "invitation");
    let body = |token: &str| json!({"token": token, "name": "Ada", "password": PASSWORD});
    app.nobody.post(ACCEPT, body(&old)).await.assert_error(404, "invalid_link", None);
    app.nobody.post(ACCEPT, body(&new)).await.ok();
}
