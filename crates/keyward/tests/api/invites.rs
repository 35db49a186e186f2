//! `/v1/organization/invites`

use keyward_testkit::{ManualClock, TestApp};
use serde_json::json;

use crate::{
    links::{ACCEPT, DESCRIBE, INVITES, PASSWORD, invite, join, owner_id, token},
    support::{PROJECTS, check_idempotency, check_unknown_fields, id, ids},
};

keyward_testkit::on_both_databases!(
    an_invitation_answers_all_its_fields_and_its_link_once,
    what_an_invitation_is_made_of_is_checked,
    the_same_creation_twice_makes_one_invitation,
    members_and_addresses_that_are_invited_already_are_refused,
    an_invitation_that_is_sent_again_has_a_new_link_and_seven_days,
    a_withdrawn_invitation_opens_nothing_and_stays_in_the_list,
    an_accepted_invitation_is_no_longer_changed,
    a_reader_who_joined_invites_nobody,
    ids_that_name_nothing_here_are_not_found,
);

const WEEK: i64 = 7 * 24 * 3600;

async fn an_invitation_answers_all_its_fields_and_its_link_once(app: &TestApp) {
    let project = app.project("Project").await.rsplit('/').next().unwrap().to_owned();
    let projects = json!([{"id": project, "role": "owner"}]);
    let body = json!({"email": " Ada@Example.com ", "role": "owner", "projects": projects});
    let answer = app.admin.post(INVITES, body).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let mut made = answer.ok();
    let link = made.as_object_mut().unwrap().remove("url").unwrap();
    token(link.as_str().unwrap(), "invitation");
    let expected = json!({
        "object": "organization.invite", "id": id(&made), "email": "ada@example.com", "role": "owner",
        "status": "pending", "ended_as": null, "created_at": ManualClock::START,
        "expires_at": ManualClock::START + WEEK, "accepted_at": null, "projects": projects,
        "invited_by": {"object": "organization.user", "id": owner_id(&app.admin).await, "name": "first",
            "email": "first@example.com"},
    });
    assert_eq!(made, expected);
    assert!(id(&made).starts_with("invite_"));
    assert_eq!(app.admin.get(&format!("{INVITES}/{}", id(&made))).await.ok(), expected);
    assert_eq!(app.admin.get(INVITES).await.ok()["data"], json!([expected]));
    let events = app.admin.get("/v1/organization/audit_logs?event_types[]=invite.sent").await.ok();
    assert_eq!(ids(&events).len(), 1);
}

async fn what_an_invitation_is_made_of_is_checked(app: &TestApp) {
    let theirs = app.project_of(&app.stranger, "Theirs").await.rsplit('/').next().unwrap().to_owned();
    let own = app.project("Own").await.rsplit('/').next().unwrap().to_owned();
    let with = |projects| json!({"email": "a@example.com", "role": "reader", "projects": projects});
    let member = |id: &str| json!({"id": id, "role": "member"});
    for (body, code, param) in [
        (json!({}), "missing_required_parameter", "email"),
        (json!({"email": "a@example.com"}), "missing_required_parameter", "role"),
        (json!({"email": "nobody", "role": "reader"}), "invalid_value", "email"),
        (json!({"email": "a@example.com", "role": "admin"}), "invalid_value", "role"),
        (json!({"email": "a@example.com", "role": 1}), "invalid_type", "role"),
        (with(json!({})), "invalid_type", "projects"),
        (with(json!([["x", "member"]])), "invalid_type", "projects[0]"),
        (with(json!([{"id": own}])), "missing_required_parameter", "projects[0].role"),
        (with(json!([{"id": own, "role": "viewer"}])), "invalid_value", "projects[0].role"),
        (with(json!([{"id": own, "role": "member", "x": 1}])), "unknown_parameter", "projects[0].x"),
        (with(json!([member(&own), member("nonsense")])), "invalid_value", "projects[1].id"),
        (with(json!([member(&theirs)])), "invalid_value", "projects[0].id"),
        (with(json!([member(&format!("proj_{}", "0".repeat(32)))])), "invalid_value", "projects[0].id"),
        (with(json!([member(&own), member(&own)])), "invalid_value", "projects[1].id"),
    ] {
        app.admin.post(INVITES, body).await.assert_error(400, code, param);
    }
    let body = json!({"email": "a@example.com", "role": "reader"});
    check_unknown_fields(&app.admin, INVITES, &body, &["role_ids", "name", "groups"]).await;
    assert_eq!(ids(&app.admin.get(INVITES).await.ok()), Vec::<String>::new());
    app.admin.post(INVITES, with(json!(null))).await.ok();
}

async fn the_same_creation_twice_makes_one_invitation(app: &TestApp) {
    let body = |email: &str| json!({"email": email, "role": "reader"});
    check_idempotency(&app.admin, INVITES, &body("once@example.com"), &body("other@example.com")).await;
    assert_eq!(ids(&app.admin.get(INVITES).await.ok()).len(), 1);
}

async fn members_and_addresses_that_are_invited_already_are_refused(app: &TestApp) {
    let body = |email: &str| json!({"email": email, "role": "reader"});
    app.admin.post(INVITES, body("First@example.com")).await.assert_error(409, "already_member", "email");
    let (first, old) = invite(&app.admin, "ada@example.com").await;
    app.admin.post(INVITES, body("ADA@example.com")).await.assert_error(409, "invitation_pending", "email");
    // Another organization invites whom it likes.
    invite(&app.stranger, "ada@example.com").await;
    app.clock.advance(u64::try_from(WEEK).unwrap());
    let seen = app.admin.get(&format!("{INVITES}/{first}")).await.ok();
    assert_eq!((&seen["status"], &seen["ended_as"]), (&json!("expired"), &json!("expired")));
    let (second, new) = invite(&app.admin, "ada@example.com").await;
    app.nobody.post(DESCRIBE, json!({"token": old})).await.assert_error(404, "invalid_link", None);
    app.nobody.post(DESCRIBE, json!({"token": new})).await.ok();
    let resent = app.admin.post(&format!("{INVITES}/{first}/resend"), json!({})).await;
    resent.assert_error(409, "invitation_ended", None);
    assert_eq!(ids(&app.admin.get(INVITES).await.ok()), [second, first]);
}

async fn an_invitation_that_is_sent_again_has_a_new_link_and_seven_days(app: &TestApp) {
    let (invitation, old) = invite(&app.admin, "ada@example.com").await;
    app.clock.advance(u64::try_from(WEEK).unwrap() + 10);
    let answer = app.admin.post(&format!("{INVITES}/{invitation}/resend"), json!({})).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let resent = answer.ok();
    assert_eq!((id(&resent), &resent["status"]), (invitation, &json!("pending")));
    assert_eq!(resent["expires_at"], ManualClock::START + 2 * WEEK + 10);
    let new = token(resent["url"].as_str().unwrap(), "invitation");
    assert_ne!(old, new);
    app.nobody.post(DESCRIBE, json!({"token": old})).await.assert_error(404, "invalid_link", None);
    app.nobody.post(DESCRIBE, json!({"token": new})).await.ok();
}

async fn a_withdrawn_invitation_opens_nothing_and_stays_in_the_list(app: &TestApp) {
    let (invitation, token) = invite(&app.admin, "ada@example.com").await;
    let path = format!("{INVITES}/{invitation}");
    for _ in 0..2 {
        let gone = app.admin.delete(&path).await.ok();
        assert_eq!(gone, json!({"object": "organization.invite.deleted", "id": invitation, "deleted": true}));
    }
    let seen = app.admin.get(&path).await.ok();
    assert_eq!((&seen["status"], &seen["ended_as"]), (&json!("expired"), &json!("revoked")));
    let body = json!({"token": token, "name": "Ada", "password": PASSWORD});
    app.nobody.post(ACCEPT, body).await.assert_error(404, "invalid_link", None);
    app.admin.post(&format!("{path}/resend"), json!({})).await.assert_error(409, "invitation_ended", None);
    let events = app.admin.get("/v1/organization/audit_logs?event_types[]=invite.deleted").await.ok();
    assert_eq!(ids(&events).len(), 1, "the second time changed nothing");
}

async fn an_accepted_invitation_is_no_longer_changed(app: &TestApp) {
    let (invitation, token) = invite(&app.admin, "ada@example.com").await;
    app.clock.advance(60);
    join(app, &token, "Ada").await;
    let path = format!("{INVITES}/{invitation}");
    app.admin.delete(&path).await.assert_error(409, "invitation_accepted", None);
    app.admin.post(&format!("{path}/resend"), json!({})).await.assert_error(409, "invitation_ended", None);
    let seen = app.admin.get(&path).await.ok();
    assert_eq!((&seen["status"], &seen["ended_as"]), (&json!("accepted"), &json!("accepted")));
    assert_eq!(seen["accepted_at"], ManualClock::START + 60);
    let body = json!({"email": "ada@example.com", "role": "reader"});
    app.admin.post(INVITES, body).await.assert_error(409, "already_member", "email");
}

async fn a_reader_who_joined_invites_nobody(app: &TestApp) {
    let (invitation, token) = invite(&app.admin, "ada@example.com").await;
    let cookie = join(app, &token, "Ada").await;
    let ask = async |method: http::Method, path: &str, body| {
        crate::links::with_cookie(app, &cookie, method, path, body).await
    };
    let body = json!({"email": "bob@example.com", "role": "reader"});
    for (method, path, body) in [
        (http::Method::POST, INVITES.to_owned(), Some(body)),
        (http::Method::GET, INVITES.to_owned(), None),
        (http::Method::GET, format!("{INVITES}/{invitation}"), None),
        (http::Method::DELETE, format!("{INVITES}/{invitation}"), None),
        (http::Method::POST, format!("{INVITES}/{invitation}/resend"), Some(json!({}))),
    ] {
        ask(method, &path, body).await.assert_error(403, "insufficient_permissions", None);
    }
    ask(http::Method::GET, PROJECTS, None).await.ok();
}

async fn ids_that_name_nothing_here_are_not_found(app: &TestApp) {
    let (theirs, _) = invite(&app.stranger, "ada@example.com").await;
    for id in [theirs.clone(), format!("invite_{}", "0".repeat(32)), "x".to_owned()] {
        let path = format!("{INVITES}/{id}");
        app.admin.get(&path).await.assert_error(404, "not_found", None);
        app.admin.delete(&path).await.assert_error(404, "not_found", None);
        app.admin.post(&format!("{path}/resend"), json!({})).await.assert_error(404, "not_found", None);
    }
    assert_eq!(app.stranger.get(&format!("{INVITES}/{theirs}")).await.ok()["status"], "pending");
}
