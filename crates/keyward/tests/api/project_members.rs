//! `/v1/organization/projects/{project_id}/users`.

use keyward_testkit::{ManualClock, TestApp};
use serde_json::json;

use crate::{
    roles::{ADMIN, role},
    support::{id, ids},
};

keyward_testkit::on_both_databases!(
    a_member_is_added_changed_and_taken_out,
    what_adds_a_member_is_checked,
    a_member_sees_their_project_and_no_other,
    members_of_a_project_page_both_ways,
    a_projects_administrator_runs_it_alone,
    a_custom_role_makes_a_member_too,
    each_change_is_in_the_audit_log_with_its_project,
);

async fn a_member_is_added_changed_and_taken_out(app: &TestApp) {
    let (grace, project) = (app.member("grace@example.com").await, app.project("Project").await);
    let path = format!("{project}/users");
    app.clock.advance(7);
    let added =
        app.admin.post(&path, json!({"email": "Grace@example.com", "user_id": null, "role": "member"})).await.ok();
    let expected = json!({"object": "organization.project.user", "id": grace.id, "name": "grace",
        "email": "grace@example.com", "role": "member", "added_at": ManualClock::START + 7});
    assert_eq!(added, expected);
    let again = json!({"user_id": grace.id, "role": "member"});
    assert_eq!(app.admin.post(&path, again).await.ok(), expected, "twice is not an error");
    let other = json!({"user_id": grace.id, "role": "owner"});
    app.admin.post(&path, other).await.assert_error(409, "already_member", "role");
    let list = app.admin.get(&path).await.ok();
    assert_eq!((&list["data"], &list["first_id"]), (&json!([expected]), &json!(grace.id)));
    let one = format!("{path}/{}", grace.id);
    assert_eq!(app.admin.get(&one).await.ok(), expected);
    for (body, word) in
        [(json!({"role": "viewer"}), "viewer"), (json!({}), "viewer"), (json!({"role": "owner"}), "owner")]
    {
        assert_eq!(app.admin.post(&one, body).await.ok()["role"], word);
        assert_eq!(app.admin.get(&one).await.ok()["role"], word);
    }
    let gone = app.admin.delete(&one).await.ok();
    assert_eq!(gone, json!({"object": "organization.project.user.deleted", "id": grace.id, "deleted": true}));
    for answer in
        [app.admin.get(&one).await, app.admin.post(&one, json!({"role": "owner"})).await, app.admin.delete(&one).await]
    {
        answer.assert_error(404, "not_found", None);
    }
}

async fn what_adds_a_member_is_checked(app: &TestApp) {
    let (grace, path) = (app.member("grace@example.com").await, format!("{}/users", app.project("Project").await));
    let theirs = ids(&app.stranger.get("/v1/organization/users").await.ok())[0].clone();
    for (body, code, param) in [
        (json!({"user_id": grace.id}), "missing_required_parameter", "role"),
        (json!({"role": "member"}), "invalid_value", "user_id"),
        (json!({"role": "member", "user_id": grace.id, "email": "grace@example.com"}), "invalid_value", "user_id"),
        (json!({"role": "reader", "user_id": grace.id}), "invalid_value", "role"),
        (json!({"role": ADMIN, "user_id": grace.id}), "role_does_not_fit", "role"),
        (json!({"role": "member", "email": "nonsense"}), "invalid_value", "email"),
        (json!({"role": "member", "user_id": theirs}), "not_a_member", "user_id"),
        (json!({"role": "member", "user_id": format!("user_{}", "0".repeat(32))}), "not_a_member", "user_id"),
        (json!({"role": "member", "email": "second@example.com"}), "not_a_member", "email"),
        (json!({"role": "member", "email": "nobody@example.com"}), "not_a_member", "email"),
        (json!({"role": "member", "user_id": grace.id, "name": "G"}), "unknown_parameter", "name"),
    ] {
        app.admin.post(&path, body).await.assert_error(400, code, param);
    }
    let nowhere = format!("/v1/organization/projects/proj_{}/users", "0".repeat(32));
    app.admin.get(&nowhere).await.assert_error(404, "not_found", None);
    let body = json!({"role": "member", "user_id": grace.id});
    app.admin.post(&nowhere, body).await.assert_error(404, "not_found", None);
}

async fn a_member_sees_their_project_and_no_other(app: &TestApp) {
    let (own, other) = (app.project("Own").await, app.project("Other").await);
    let grace = app.member("grace@example.com").await;
    app.admin.post(&format!("{own}/users"), json!({"user_id": grace.id, "role": "member"})).await.ok();
    grace.actor.get(&own).await.ok();
    let projects = grace.actor.get("/v1/organization/projects").await.ok();
    assert_eq!(ids(&projects), [own.rsplit('/').next().unwrap()]);
    grace.actor.get(&other).await.assert_error(404, "not_found", None);
    grace.actor.get(&format!("{other}/users")).await.assert_error(404, "not_found", None);
    grace.actor.get(&format!("{own}/users")).await.assert_error(403, "insufficient_permissions", None);
    let key = json!({"name": "Key"});
    grace.actor.post(&format!("{own}/api_keys"), key).await.assert_error(403, "insufficient_permissions", None);
}

async fn members_of_a_project_page_both_ways(app: &TestApp) {
    let path = format!("{}/users", app.project("Project").await);
    for number in 0..3 {
        let email = format!("member{number}@example.com");
        app.member(&email).await;
        app.admin.post(&path, json!({"email": email, "role": "member"})).await.ok();
    }
    let all = ids(&app.admin.get(&path).await.ok());
    assert_eq!(all.len(), 3);
    let first = app.admin.get(&format!("{path}?limit=2")).await.ok();
    assert_eq!((ids(&first), &first["has_more"]), (all[..2].to_vec(), &json!(true)));
    assert_eq!(ids(&app.admin.get(&format!("{path}?after={}", all[1])).await.ok()), all[2..]);
    assert_eq!(ids(&app.admin.get(&format!("{path}?before={}&limit=1", all[2])).await.ok()), all[1..2]);
    let rising = ids(&app.admin.get(&format!("{path}?order=asc")).await.ok());
    assert!(rising.iter().eq(all.iter().rev()));
}

async fn a_projects_administrator_runs_it_alone(app: &TestApp) {
    let (own, other) = (app.project("Own").await, app.project("Other").await);
    let (ada, grace) = (app.member("ada@example.com").await, app.member("grace@example.com").await);
    let path = format!("{own}/users");
    app.admin.post(&path, json!({"user_id": ada.id, "role": "owner"})).await.ok();
    // Whoever holds something elsewhere can be added all the same.
    app.admin.post(&format!("{other}/users"), json!({"user_id": grace.id, "role": "owner"})).await.ok();
    ada.actor.post(&path, json!({"email": "grace@example.com", "role": "member"})).await.ok();
    ada.actor.post(&format!("{path}/{}", grace.id), json!({"role": "viewer"})).await.ok();
    ada.actor.delete(&format!("{path}/{}", grace.id)).await.ok();
    ada.actor.get("/v1/organization/users").await.assert_error(403, "insufficient_permissions", None);
    ada.actor.delete(&format!("/v1/organization/users/{}", grace.id)).await.assert_error(
        403,
        "insufficient_permissions",
        None,
    );
    // Somebody who only looks after members gives no more than they hold.
    let keeper = role("Keeper", &["members:read", "members:manage", "project:read"]);
    let roles = format!("/v1/projects/{}/roles", own.rsplit('/').next().unwrap());
    let keeper = id(&app.admin.post(&roles, keeper).await.ok());
    app.admin.post(&path, json!({"user_id": grace.id, "role": keeper})).await.ok();
    let refused = grace.actor.post(&format!("{path}/{}", grace.id), json!({"role": "member"})).await;
    refused.assert_error(403, "escalation_not_allowed", None);
    grace.actor.delete(&format!("{path}/{}", ada.id)).await.assert_error(403, "escalation_not_allowed", None);
}

async fn a_custom_role_makes_a_member_too(app: &TestApp) {
    let (grace, project) = (app.member("grace@example.com").await, app.project("Project").await);
    let of_project = format!("/v1/projects/{}", project.rsplit('/').next().unwrap());
    let made = id(&app.admin.post(&format!("{of_project}/roles"), role("Reads keys", &["api_keys:read"])).await.ok());
    let path = format!("{project}/users");
    let added = app.admin.post(&path, json!({"user_id": grace.id, "role": made})).await.ok();
    assert_eq!(added["role"], made);
    grace.actor.get(&format!("{project}/api_keys")).await.ok();
    // Adding a role leaves the other; the word says the strongest.
    let assigned = format!("{of_project}/users/{}/roles", grace.id);
    app.admin.post(&assigned, json!({"role_id": "role_00000000000070008000000000000007"})).await.ok();
    assert_eq!(app.admin.get(&format!("{path}/{}", grace.id)).await.ok()["role"], "viewer");
    assert_eq!(ids(&app.admin.get(&assigned).await.ok()).len(), 2);
    app.admin.post(&format!("{path}/{}", grace.id), json!({"role": made})).await.ok();
    assert_eq!(ids(&app.admin.get(&assigned).await.ok()), [made]);
}

async fn each_change_is_in_the_audit_log_with_its_project(app: &TestApp) {
    let (grace, project) = (app.member("grace@example.com").await, app.project("Project").await);
    let path = format!("{project}/users");
    app.admin.post(&path, json!({"user_id": grace.id, "role": "member"})).await.ok();
    app.admin.post(&format!("{path}/{}", grace.id), json!({"role": "viewer"})).await.ok();
    app.admin.post(&format!("{path}/{}", grace.id), json!({"role": "viewer"})).await.ok();
    app.admin.delete(&format!("{path}/{}", grace.id)).await.ok();
    let project_id = project.rsplit('/').next().unwrap();
    let log = app.admin.get(&format!("/v1/organization/audit_logs?project_ids[]={project_id}&limit=100")).await.ok();
    let types: Vec<_> = log["data"].as_array().unwrap().iter().map(|event| event["type"].clone()).collect();
    let expected = [
        "user.deleted",
        "role.assignment.deleted",
        "user.updated",
        "role.assignment.created",
        "role.assignment.deleted",
        "user.added",
        "role.assignment.created",
        "project.created",
    ];
    assert_eq!(types, expected);
}
