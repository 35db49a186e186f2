//! `/v1/organization/groups` and who is in them.

use keyward_testkit::{ManualClock, TestApp};
use serde_json::json;

use crate::{
    roles::{ADMIN, ROLES, role},
    support::{check_idempotency, check_names, id, ids},
};

keyward_testkit::on_both_databases!(
    a_group_is_created_renamed_and_deleted,
    what_a_group_is_called_is_checked,
    members_come_and_go,
    what_a_group_holds_its_members_hold,
    nobody_changes_a_group_above_them,
    groups_and_their_members_page_by_what_is_next,
    a_group_is_given_a_role_in_a_project,
    each_change_of_a_group_is_in_the_audit_log,
);

const GROUPS: &str = "/v1/organization/groups";

async fn a_group_is_created_renamed_and_deleted(app: &TestApp) {
    let made = app.admin.post(GROUPS, json!({"name": " Operators "})).await.ok();
    let expected = json!({"object": "group", "id": id(&made), "name": "Operators", "created_at": ManualClock::START,
        "group_type": "group", "is_scim_managed": false, "scim_managed": false});
    assert_eq!(made, expected);
    let path = format!("{GROUPS}/{}", id(&made));
    assert_eq!(app.admin.get(&path).await.ok(), expected);
    assert_eq!(app.admin.post(&path, json!({"name": "Ops"})).await.ok()["name"], "Ops");
    let gone = app.admin.delete(&path).await.ok();
    assert_eq!(gone, json!({"object": "group.deleted", "id": made["id"], "deleted": true}));
    for answer in [app.admin.get(&path).await, app.admin.delete(&path).await] {
        answer.assert_error(404, "not_found", None);
    }
}

async fn what_a_group_is_called_is_checked(app: &TestApp) {
    check_names(&app.admin, GROUPS, |name| json!({"name": name})).await;
    check_idempotency(&app.admin, GROUPS, &json!({"name": "Once"}), &json!({"name": "Other"})).await;
    let other = app.admin.post(GROUPS, json!({"name": "Second"})).await.ok();
    app.admin.post(GROUPS, json!({"name": "Once"})).await.assert_error(409, "name_taken", "name");
    let path = format!("{GROUPS}/{}", id(&other));
    app.admin.post(&path, json!({"name": "Once"})).await.assert_error(409, "name_taken", "name");
    app.admin.post(&path, json!({})).await.assert_error(400, "missing_required_parameter", "name");
    app.stranger.post(GROUPS, json!({"name": "Once"})).await.ok();
}

async fn members_come_and_go(app: &TestApp) {
    let grace = app.member("grace@example.com").await;
    let group = id(&app.admin.post(GROUPS, json!({"name": "Group"})).await.ok());
    let path = format!("{GROUPS}/{group}/users");
    for _ in 0..2 {
        let added = app.admin.post(&path, json!({"user_id": grace.id})).await.ok();
        assert_eq!(added, json!({"object": "group.user", "user_id": grace.id, "group_id": group}));
    }
    let member = json!({"id": grace.id, "name": "grace", "email": "grace@example.com", "picture": null,
        "is_service_account": false, "user_type": "user"});
    assert_eq!(app.admin.get(&path).await.ok()["data"], json!([member]));
    let one = format!("{path}/{}", grace.id);
    assert_eq!(app.admin.get(&one).await.ok(), member);
    let gone = app.admin.delete(&one).await.ok();
    assert_eq!(gone, json!({"object": "group.user.deleted", "deleted": true}));
    for answer in [app.admin.get(&one).await, app.admin.delete(&one).await] {
        answer.assert_error(404, "not_found", None);
    }
    let theirs = ids(&app.stranger.get("/v1/organization/users").await.ok())[0].clone();
    for wrong in [theirs, format!("user_{}", "0".repeat(32)), "x".into()] {
        app.admin.post(&path, json!({"user_id": wrong})).await.assert_error(404, "not_found", None);
        app.admin.delete(&format!("{path}/{wrong}")).await.assert_error(404, "not_found", None);
    }
}

async fn what_a_group_holds_its_members_hold(app: &TestApp) {
    let grace = app.member("grace@example.com").await;
    let group = id(&app.admin.post(GROUPS, json!({"name": "Group"})).await.ok());
    let made = id(&app.admin.post(ROLES, role("Role", &["groups:read"])).await.ok());
    app.admin.post(&format!("{GROUPS}/{group}/roles"), json!({"role_id": made})).await.ok();
    grace.actor.get(GROUPS).await.assert_error(403, "insufficient_permissions", None);
    app.admin.post(&format!("{GROUPS}/{group}/users"), json!({"user_id": grace.id})).await.ok();
    grace.actor.get(GROUPS).await.ok();
    grace.actor.post(GROUPS, json!({"name": "Mine"})).await.assert_error(403, "insufficient_permissions", None);
    app.admin.delete(&format!("{GROUPS}/{group}")).await.ok();
    grace.actor.get(GROUPS).await.assert_error(403, "insufficient_permissions", None);
    // The role isn't in use by a group that is gone.
    app.admin.delete(&format!("{ROLES}/{made}")).await.ok();
}

async fn nobody_changes_a_group_above_them(app: &TestApp) {
    let (ada, grace) = (app.member("ada@example.com").await, app.member("grace@example.com").await);
    let manager = id(&app.admin.post(ROLES, role("Groups", &["groups:read", "groups:manage"])).await.ok());
    app.admin.post(&format!("/v1/organization/users/{}/roles", ada.id), json!({"role_id": manager})).await.ok();
    let group = id(&ada.actor.post(GROUPS, json!({"name": "Group"})).await.ok());
    let path = format!("{GROUPS}/{group}");
    ada.actor.post(&format!("{path}/users"), json!({"user_id": grace.id})).await.ok();
    // Somebody who holds more can't be moved, in or out.
    app.admin.post(&format!("/v1/organization/users/{}/roles", grace.id), json!({"role_id": ADMIN})).await.ok();
    for answer in [
        ada.actor.delete(&format!("{path}/users/{}", grace.id)).await,
        ada.actor.post(&format!("{path}/users"), json!({"user_id": grace.id})).await,
        ada.actor.delete(&path).await,
    ] {
        answer.assert_error(403, "escalation_not_allowed", None);
    }
    app.admin.delete(&format!("{path}/users/{}", grace.id)).await.ok();
    // Nor does a group that holds more let itself be changed.
    app.admin.post(&format!("{path}/roles"), json!({"role_id": ADMIN})).await.ok();
    for answer in [
        ada.actor.post(&path, json!({"name": "Mine"})).await,
        ada.actor.post(&format!("{path}/users"), json!({"user_id": ada.id})).await,
        ada.actor.delete(&path).await,
    ] {
        answer.assert_error(403, "escalation_not_allowed", None);
    }
    assert_eq!(app.admin.get(&format!("{path}/users")).await.ok()["data"], json!([]));
}

async fn groups_and_their_members_page_by_what_is_next(app: &TestApp) {
    let mut groups = Vec::new();
    for number in 0..3 {
        groups.push(id(&app.admin.post(GROUPS, json!({"name": format!("Group {number}")})).await.ok()));
    }
    let users = format!("{GROUPS}/{}/users", groups[0]);
    let mut members = Vec::new();
    for number in 0..3 {
        members.push(app.member(&format!("member{number}@example.com")).await.id);
        app.admin.post(&users, json!({"user_id": members[number]})).await.ok();
    }
    for (path, all) in [(GROUPS, groups), (&users, members)] {
        let first = app.admin.get(&format!("{path}?limit=2&order=asc")).await.ok();
        assert_eq!(
            (ids(&first), &first["has_more"], &first["next"]),
            (all[..2].to_vec(), &json!(true), &json!(all[1]))
        );
        let rest = app.admin.get(&format!("{path}?limit=2&order=asc&after={}", all[1])).await.ok();
        assert_eq!((ids(&rest), &rest["has_more"], &rest["next"]), (all[2..].to_vec(), &json!(false), &json!(null)));
        let falling = app.admin.get(&format!("{path}?order=desc&limit=1000")).await.ok();
        assert!(ids(&falling).iter().eq(all.iter().rev()));
        app.admin.get(&format!("{path}?before={}", all[1])).await.assert_error(400, "unknown_parameter", "before");
    }
    let stranger = id(&app.stranger.post(GROUPS, json!({"name": "Theirs"})).await.ok());
    app.admin.get(&format!("{GROUPS}?after={stranger}")).await.assert_error(400, "invalid_cursor", "after");
}

async fn a_group_is_given_a_role_in_a_project(app: &TestApp) {
    let grace = app.member("grace@example.com").await;
    let project = app.project("Project").await;
    let group = id(&app.admin.post(GROUPS, json!({"name": "Group"})).await.ok());
    app.admin.post(&format!("{GROUPS}/{group}/users"), json!({"user_id": grace.id})).await.ok();
    grace.actor.get(&project).await.assert_error(404, "not_found", None);
    let path = format!("{project}/groups");
    let added = app.admin.post(&path, json!({"group_id": group, "role": "viewer"})).await.ok();
    let expected = json!({"object": "project.group", "project_id": project.rsplit('/').next(), "group_id": group,
        "group_name": "Group", "group_type": "group", "created_at": ManualClock::START});
    assert_eq!(added, expected);
    assert_eq!(app.admin.post(&path, json!({"group_id": group, "role": "viewer"})).await.ok(), expected);
    let list = app.admin.get(&path).await.ok();
    assert_eq!((&list["data"], &list["next"]), (&json!([expected]), &json!(null)));
    let one = format!("{path}/{group}");
    assert_eq!(app.admin.get(&format!("{one}?group_type=group")).await.ok(), expected);
    app.admin.get(&format!("{one}?group_type=tenant_group")).await.assert_error(400, "invalid_value", "group_type");
    grace.actor.get(&project).await.ok();
    // The group's members aren't members of the project one by one.
    assert_eq!(app.admin.get(&format!("{project}/users")).await.ok()["data"], json!([]));
    for (body, status, code, param) in [
        (json!({"group_id": group}), 400, "missing_required_parameter", Some("role")),
        (json!({"group_id": group, "role": "reader"}), 400, "invalid_value", Some("role")),
        (json!({"group_id": group, "role": ADMIN}), 400, "role_does_not_fit", Some("role")),
        (json!({"group_id": "x", "role": "member"}), 404, "not_found", None),
        (json!({"group_id": format!("group_{}", "0".repeat(32)), "role": "member"}), 404, "not_found", None),
    ] {
        app.admin.post(&path, body).await.assert_error(status, code, param);
    }
    let gone = app.admin.delete(&one).await.ok();
    assert_eq!(gone, json!({"object": "project.group.deleted", "deleted": true}));
    grace.actor.get(&project).await.assert_error(404, "not_found", None);
    for answer in [app.admin.get(&one).await, app.admin.delete(&one).await] {
        answer.assert_error(404, "not_found", None);
    }
}

async fn each_change_of_a_group_is_in_the_audit_log(app: &TestApp) {
    let grace = app.member("grace@example.com").await;
    let path = format!("{GROUPS}/{}", id(&app.admin.post(GROUPS, json!({"name": "Group"})).await.ok()));
    for name in ["Other", "Other"] {
        app.admin.post(&path, json!({"name": name})).await.ok();
    }
    for _ in 0..2 {
        app.admin.post(&format!("{path}/users"), json!({"user_id": grace.id})).await.ok();
    }
    app.admin.delete(&format!("{path}/users/{}", grace.id)).await.ok();
    app.admin.delete(&path).await.ok();
    let log = app.admin.get("/v1/organization/audit_logs?event_types[]=group.*").await.ok();
    let types: Vec<_> = log["data"].as_array().unwrap().iter().map(|event| event["type"].clone()).collect();
    assert_eq!(
        types,
        ["group.deleted", "group.member.removed", "group.member.added", "group.updated", "group.created"],
        "what changes nothing leaves no trace"
    );
}
