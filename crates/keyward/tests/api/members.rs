//! `/v1/organization/users`.

use keyward_testkit::{ManualClock, TestApp};
use serde_json::{Value, json};

use crate::{
    roles::{ADMIN, MEMBER, OWNER, ROLES, role},
    support::{PROJECTS, id, ids},
};

keyward_testkit::on_both_databases!(
    a_member_answers_all_their_fields,
    members_are_found_by_address_and_page_both_ways,
    a_role_takes_the_place_of_the_others,
    what_changes_a_member_is_checked,
    a_disabled_member_may_do_nothing_until_enabled,
    a_removed_member_leaves_their_keys_to_the_projects,
    nobody_changes_a_member_above_them,
    who_is_no_member_here_is_not_found,
    each_change_of_a_member_is_in_the_audit_log,
);

const USERS: &str = "/v1/organization/users";

async fn a_member_answers_all_their_fields(app: &TestApp) {
    let grace = app.member("grace@example.com").await;
    let project = app.project("Project").await;
    app.admin.post(&format!("{project}/users"), json!({"user_id": grace.id, "role": "viewer"})).await.ok();
    let found = app.admin.get(&format!("{USERS}/{}", grace.id)).await.ok();
    let expected = json!({
        "object": "organization.user", "id": grace.id, "name": "grace", "email": "grace@example.com", "role": "reader",
        "added_at": ManualClock::START, "created": ManualClock::START,
        "user": {"object": "user", "id": grace.id, "email": "grace@example.com", "name": "grace", "picture": null,
            "enabled": true, "banned": false, "banned_at": null},
        "projects": {"object": "list", "data": [
            {"id": project.rsplit('/').next(), "name": "Project", "role": "viewer"},
        ]},
        "api_key_last_used_at": null, "is_default": false, "is_service_account": false, "is_scim_managed": false,
        "is_scale_tier_authorized_purchaser": null, "technical_level": null, "developer_persona": null,
        "disabled_at": null, "second_factor": false,
    });
    assert_eq!(found, expected);
    let list = app.admin.get(USERS).await.ok();
    assert_eq!((ids(&list).len(), &list["data"][0]), (2, &expected));
    assert_eq!(list["data"][1]["role"], "owner");
    // Whose key was used when.
    let maker = app.key().await;
    app.clock.advance(60);
    let call = json!({"model": "demo-small", "messages": [{"role": "user", "content": "Hi"}]});
    assert_eq!(maker.post("/v1/chat/completions", call).await.status, 200);
    let owner = app.admin.get(&format!("{USERS}/{}", id(&list["data"][1]))).await.ok();
    assert_eq!(owner["api_key_last_used_at"], ManualClock::START + 60);
}

async fn members_are_found_by_address_and_page_both_ways(app: &TestApp) {
    for number in 0..3 {
        app.member(&format!("member{number}@example.com")).await;
    }
    let all = ids(&app.admin.get(USERS).await.ok());
    assert_eq!(all.len(), 4);
    let first = app.admin.get(&format!("{USERS}?limit=2")).await.ok();
    assert_eq!((ids(&first), &first["has_more"]), (all[..2].to_vec(), &json!(true)));
    assert_eq!((&first["first_id"], &first["last_id"]), (&json!(all[0]), &json!(all[1])));
    let second = app.admin.get(&format!("{USERS}?limit=2&after={}", all[1])).await.ok();
    assert_eq!((ids(&second), &second["has_more"]), (all[2..].to_vec(), &json!(false)));
    let back = app.admin.get(&format!("{USERS}?limit=2&before={}", all[3])).await.ok();
    assert_eq!(ids(&back), all[1..3]);
    let emails = "emails[]=member1@example.com&emails[]=MEMBER2@example.com&emails[]=nobody@example.com";
    let found = app.admin.get(&format!("{USERS}?{emails}&order=asc")).await.ok();
    assert_eq!(ids(&found), [all[1].clone(), all[0].clone()]);
    let none = app.admin.get(&format!("{USERS}?emails[]=second@example.com")).await.ok();
    assert_eq!(none["data"], json!([]), "another organization's");
    for (search, expected) in
        [("MEMBER1", vec![all[1].clone()]), ("er2%40exam", vec![all[0].clone()]), ("second", vec![])]
    {
        let found = app.admin.get(&format!("{USERS}?search={search}")).await.ok();
        assert_eq!(ids(&found), expected, "{search}");
    }
    app.admin.get(&format!("{USERS}?emails[]=nonsense")).await.assert_error(400, "invalid_value", "emails");
    let theirs = ids(&app.stranger.get(USERS).await.ok())[0].clone();
    app.admin.get(&format!("{USERS}?after={theirs}")).await.assert_error(400, "invalid_cursor", "after");
}

async fn a_role_takes_the_place_of_the_others(app: &TestApp) {
    let grace = app.member("grace@example.com").await;
    let path = format!("{USERS}/{}", grace.id);
    let held = async || ids(&app.admin.get(&format!("{path}/roles")).await.ok());
    let made = id(&app.admin.post(ROLES, role("Custom", &["project:read"])).await.ok());
    app.admin.post(&format!("{path}/roles"), json!({"role_id": made})).await.ok();
    for (body, roles, word) in [
        (json!({"role_id": ADMIN}), vec![ADMIN], "reader"),
        (json!({"role": "owner"}), vec![OWNER], "owner"),
        (json!({"role": made}), vec![made.as_str()], "reader"),
        (json!({"role": "reader"}), vec![], "reader"),
        (json!({"role": "owner", "role_id": null}), vec![OWNER], "owner"),
        (json!({"role_id": MEMBER}), vec![], "reader"),
        (json!({"role": null, "technical_level": null, "developer_persona": null}), vec![], "reader"),
    ] {
        let changed = app.admin.post(&path, body).await.ok();
        assert_eq!((held().await, &changed["role"]), (roles.iter().map(ToString::to_string).collect(), &json!(word)));
        assert_eq!(app.admin.get(&path).await.ok(), changed);
    }
}

async fn what_changes_a_member_is_checked(app: &TestApp) {
    let grace = app.member("grace@example.com").await;
    let path = format!("{USERS}/{}", grace.id);
    for (body, status, code, param) in [
        (json!({"role": "admin"}), 400, "invalid_value", Some("role")),
        (json!({"role": "member"}), 400, "invalid_value", Some("role")),
        (json!({"role_id": "x"}), 400, "invalid_value", Some("role_id")),
        (json!({"role": "owner", "role_id": OWNER}), 400, "invalid_value", Some("role_id")),
        (json!({"role_id": "role_00000000000070008000000000000005"}), 400, "role_does_not_fit", Some("role_id")),
        (json!({"role_id": format!("role_{}", "0".repeat(32))}), 404, "not_found", None),
        (json!({"technical_level": "high"}), 400, "invalid_type", Some("technical_level")),
        (json!({"developer_persona": "x"}), 400, "invalid_type", Some("developer_persona")),
        (json!({"disabled": "yes"}), 400, "invalid_type", Some("disabled")),
        (json!({"name": "Grace"}), 400, "unknown_parameter", Some("name")),
    ] {
        app.admin.post(&path, body).await.assert_error(status, code, param);
    }
}

async fn a_disabled_member_may_do_nothing_until_enabled(app: &TestApp) {
    let grace = app.member("grace@example.com").await;
    let path = format!("{USERS}/{}", grace.id);
    app.admin.post(&path, json!({"role": "owner"})).await.ok();
    grace.actor.get(USERS).await.ok();
    app.clock.advance(5);
    let disabled = app.admin.post(&path, json!({"disabled": true})).await.ok();
    assert_eq!(disabled["disabled_at"], ManualClock::START + 5);
    assert_eq!((&disabled["user"]["enabled"], &disabled["role"]), (&json!(false), &json!("owner")));
    grace.actor.get(USERS).await.assert_error(401, "signed_out", None);
    app.clock.advance(5);
    let again = app.admin.post(&path, json!({"disabled": true})).await.ok();
    assert_eq!(again["disabled_at"], ManualClock::START + 5, "since when stays");
    assert_eq!(app.admin.post(&path, json!({"disabled": false})).await.ok()["disabled_at"], json!(null));
    grace.actor.get(USERS).await.ok();
}

async fn a_removed_member_leaves_their_keys_to_the_projects(app: &TestApp) {
    let grace = app.member("grace@example.com").await;
    let path = format!("{USERS}/{}", grace.id);
    app.admin.post(&path, json!({"role": "owner"})).await.ok();
    let project = app.project("Project").await;
    app.admin.post(&format!("{project}/credentials"), json!({"provider": "demo"})).await.ok();
    app.admin.post(&format!("{project}/users"), json!({"user_id": grace.id, "role": "owner"})).await.ok();
    let group = id(&app.admin.post("/v1/organization/groups", json!({"name": "Group"})).await.ok());
    app.admin.post(&format!("/v1/organization/groups/{group}/users"), json!({"user_id": grace.id})).await.ok();
    let keys = format!("{project}/api_keys");
    let kept = grace.actor.post(&keys, json!({"name": "Kept"})).await.ok();
    let revoked = grace.actor.post(&keys, json!({"name": "Revoked"})).await.ok();
    app.admin.post(&format!("{keys}/{}/revoke", id(&revoked)), json!({})).await.ok();
    let short = grace.actor.post("/v1/organization/admin_api_keys", json!({"name": "Second"})).await.ok();

    let gone = app.admin.delete(&path).await.ok();
    let expected = json!({"object": "organization.user.deleted", "id": grace.id, "deleted": true,
        "created_api_keys": [{"id": kept["id"], "name": "Kept", "project_id": project.rsplit('/').next()}],
        "created_api_key_count": 1});
    assert_eq!(gone, expected);
    let second = app.nobody.with_key(short["value"].as_str().unwrap());
    for actor in [&grace.actor, &second] {
        actor.get(PROJECTS).await.assert_error(401, "invalid_api_key", None);
    }
    let call = json!({"model": "demo-small", "messages": [{"role": "user", "content": "Hi"}]});
    let caller = app.nobody.with_key(kept["value"].as_str().unwrap());
    assert_eq!(caller.post("/v1/chat/completions", call).await.status, 200, "keys belong to projects");
    for place in [format!("{project}/users"), format!("/v1/organization/groups/{group}/users")] {
        assert_eq!(app.admin.get(&place).await.ok()["data"], json!([]));
    }
    for path in [path.clone(), format!("{path}/roles"), format!("{project}/users/{}", grace.id)] {
        app.admin.get(&path).await.assert_error(404, "not_found", None);
    }
    app.admin.delete(&path).await.assert_error(404, "not_found", None);
    assert_eq!(ids(&app.admin.get("/v1/organization/admin_api_keys").await.ok()).len(), 1);
}

async fn nobody_changes_a_member_above_them(app: &TestApp) {
    let (ada, grace) = (app.member("ada@example.com").await, app.member("grace@example.com").await);
    app.admin.post(&format!("{USERS}/{}", ada.id), json!({"role_id": ADMIN})).await.ok();
    let owner = ids(&app.admin.get(&format!("{USERS}?emails[]=first@example.com")).await.ok())[0].clone();
    let path = format!("{USERS}/{owner}");
    for body in [json!({"role": "reader"}), json!({"disabled": true}), json!({"disabled": false})] {
        ada.actor.post(&path, body).await.assert_error(403, "escalation_not_allowed", None);
    }
    ada.actor.delete(&path).await.assert_error(403, "escalation_not_allowed", None);
    for to in [&ada.id, &grace.id] {
        let refused = ada.actor.post(&format!("{USERS}/{to}"), json!({"role": "owner"})).await;
        refused.assert_error(403, "escalation_not_allowed", None);
    }
    // An administrator reaches an administrator, and themselves.
    app.admin.post(&format!("{USERS}/{}", grace.id), json!({"role_id": ADMIN})).await.ok();
    ada.actor.post(&format!("{USERS}/{}", grace.id), json!({"disabled": true})).await.ok();
    ada.actor.delete(&format!("{USERS}/{}", grace.id)).await.ok();
    ada.actor.delete(&format!("{USERS}/{}", ada.id)).await.ok();
    ada.actor.get(USERS).await.assert_error(401, "invalid_api_key", None);
}

async fn who_is_no_member_here_is_not_found(app: &TestApp) {
    let theirs = ids(&app.stranger.get(USERS).await.ok())[0].clone();
    for wrong in [theirs, format!("user_{}", "0".repeat(32)), "x".into(), format!("group_{}", "0".repeat(32))] {
        let path = format!("{USERS}/{wrong}");
        app.admin.get(&path).await.assert_error(404, "not_found", None);
        app.admin.post(&path, json!({"disabled": true})).await.assert_error(404, "not_found", None);
        app.admin.delete(&path).await.assert_error(404, "not_found", None);
        app.admin.get(&format!("{path}/roles")).await.assert_error(404, "not_found", None);
        app.admin.post(&format!("{path}/roles"), json!({"role_id": ADMIN})).await.assert_error(404, "not_found", None);
    }
}

async fn each_change_of_a_member_is_in_the_audit_log(app: &TestApp) {
    let grace = app.member("grace@example.com").await;
    let path = format!("{USERS}/{}", grace.id);
    for body in [json!({"role": "owner"}), json!({"role": "owner"}), json!({"disabled": true}), json!({})] {
        app.admin.post(&path, body).await.ok();
    }
    app.admin.delete(&path).await.ok();
    let log = app.admin.get("/v1/organization/audit_logs?limit=6").await.ok();
    let events: Vec<Value> = log["data"].as_array().unwrap().clone();
    let types: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    let expected = [
        "user.deleted",
        "admin_api_key.deleted",
        "user.updated",
        "user.updated",
        "role.assignment.created",
        "admin_api_key.created",
    ];
    assert_eq!(types, expected, "what changes nothing leaves no trace");
    assert!(events[0].to_string().contains("Organization Owner"), "{}", events[0]);
}
