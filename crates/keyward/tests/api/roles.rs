//! `/v1/organization/roles` and `/v1/projects/{project_id}/roles`.

use keyward_testkit::{ManualClock, TestApp};
use serde_json::{Value, json};

use crate::support::{WRONG_NAMES, check_idempotency, check_versions, id, ids};

keyward_testkit::on_both_databases!(
    a_new_role_answers_all_its_fields,
    built_in_roles_come_first_and_stay_as_they_are,
    what_a_role_is_made_of_is_checked,
    the_same_creation_twice_makes_one_role,
    an_edit_is_in_force_at_the_next_request,
    a_stale_edit_changes_nothing,
    a_role_in_use_goes_only_with_a_replacement,
    roles_belong_where_they_were_made,
    nobody_makes_a_role_above_themselves,
    no_edit_locks_the_owners_out,
    roles_page_by_what_is_next,
    each_change_of_a_role_is_in_the_audit_log,
);

pub const ROLES: &str = "/v1/organization/roles";
pub const OWNER: &str = "role_00000000000070008000000000000001";
pub const ADMIN: &str = "role_00000000000070008000000000000002";
pub const MEMBER: &str = "role_00000000000070008000000000000004";
pub const PROJECT_ADMIN: &str = "role_00000000000070008000000000000005";

pub fn role(name: &str, permissions: &[&str]) -> Value {
    json!({"role_name": name, "permissions": permissions})
}

/// Where the roles of the project at `path` are.
fn of_project(path: &str) -> String {
    format!("/v1/projects/{}/roles", path.rsplit('/').next().unwrap())
}

async fn a_new_role_answers_all_its_fields(app: &TestApp) {
    let body = json!({"role_name": " Key maker ", "permissions": ["api_keys:create", "api_keys:read", "api_keys:read"],
        "description": "Makes keys"});
    let made = app.admin.post(ROLES, body.clone()).await.ok();
    let expected = json!({"object": "role", "id": id(&made), "name": "Key maker", "description": "Makes keys",
        "permissions": ["api_keys:read", "api_keys:create"], "resource_type": "api.organization",
        "predefined_role": false, "project_id": null, "created_at": ManualClock::START,
        "updated_at": ManualClock::START, "version": 1});
    assert_eq!(made, expected);
    assert_eq!(app.admin.get(&format!("{ROLES}/{}", id(&made))).await.ok(), expected);

    let path = app.project("Project").await;
    let of_project = of_project(&path);
    let made = app.admin.post(&of_project, body).await.ok();
    assert_eq!((&made["resource_type"], &made["project_id"]), (&json!("api.project"), &json!(path.rsplit('/').next())));
    assert_eq!(app.admin.get(&format!("{of_project}/{}", id(&made))).await.ok(), made);
    let gone = app.admin.delete(&format!("{of_project}/{}", id(&made))).await.ok();
    assert_eq!(gone, json!({"object": "role.deleted", "id": made["id"], "deleted": true}));
    app.admin.get(&format!("{of_project}/{}", id(&made))).await.assert_error(404, "not_found", None);
}

async fn built_in_roles_come_first_and_stay_as_they_are(app: &TestApp) {
    let project = of_project(&app.project("Project").await);
    for (path, names) in [
        (ROLES, vec!["Organization Owner", "Organization Admin", "Organization Auditor", "Organization Member"]),
        (&project, vec!["Project Admin", "Project Member", "Project Viewer"]),
    ] {
        let made = id(&app.admin.post(path, role("Custom", &["project:read"])).await.ok());
        let list = app.admin.get(path).await.ok();
        let built_in = &list["data"].as_array().unwrap()[..names.len()];
        let listed: Vec<_> = built_in.iter().map(|role| role["name"].as_str().unwrap()).collect();
        assert_eq!(listed, names);
        assert_eq!(ids(&list).last(), Some(&made));
        assert_eq!(list["data"].as_array().unwrap().len(), names.len() + 1);
        for built_in in built_in {
            assert_eq!((&built_in["predefined_role"], &built_in["version"]), (&json!(true), &json!(null)));
            let path = format!("{path}/{}", id(built_in));
            assert_eq!(app.admin.get(&path).await.ok(), *built_in);
            app.admin.post(&path, json!({"role_name": "Mine"})).await.assert_error(403, "role_is_built_in", None);
            app.admin.delete(&path).await.assert_error(403, "role_is_built_in", None);
        }
    }
}

async fn what_a_role_is_made_of_is_checked(app: &TestApp) {
    let project = of_project(&app.project("Project").await);
    app.admin.post(ROLES, json!({"role_name": "A"})).await.assert_error(
        400,
        "missing_required_parameter",
        "permissions",
    );
    for name in WRONG_NAMES.iter().map(|name| (*name).to_owned()).chain(["x".repeat(121)]) {
        app.admin.post(ROLES, role(&name, &["project:read"])).await.assert_error(400, "invalid_value", "role_name");
    }
    app.admin.post(ROLES, role("A", &[])).await.assert_error(400, "invalid_value", "permissions");
    let unknown = app.admin.post(ROLES, role("A", &["project:read", "project:eat", "x"])).await;
    unknown.assert_error(400, "invalid_value", "permissions");
    assert!(unknown.text().contains("project:eat, x"), "{}", unknown.text());
    app.admin.post(&project, role("A", &["projects:create"])).await.assert_error(400, "invalid_value", "permissions");
    for field in ["name", "metadata", "resource_type"] {
        let mut body = role("A", &["project:read"]);
        body[field] = json!(null);
        app.admin.post(ROLES, body).await.assert_error(400, "unknown_parameter", field);
    }
    let made = app.admin.post(ROLES, role("Taken", &["project:read"])).await.ok();
    let other = app.admin.post(ROLES, role("Other", &["project:read"])).await.ok();
    for taken in ["Taken", "Organization Owner", "project admin"] {
        app.admin.post(ROLES, role(taken, &["project:read"])).await.assert_error(409, "name_taken", "role_name");
        let path = format!("{ROLES}/{}", id(&other));
        app.admin.post(&path, json!({"role_name": taken})).await.assert_error(409, "name_taken", "role_name");
    }
    // Names are unique where a role belongs.
    app.admin.post(&project, role("Taken", &["project:read"])).await.ok();
    app.admin.post(&project, role("Taken", &["project:read"])).await.assert_error(409, "name_taken", "role_name");
    let path = format!("{ROLES}/{}", id(&made));
    app.admin.post(&path, json!({"permissions": []})).await.assert_error(400, "invalid_value", "permissions");
    let nulls = json!({"permissions": null, "description": null, "role_name": null});
    assert_eq!(app.admin.post(&path, nulls).await.ok(), made);
}

async fn the_same_creation_twice_makes_one_role(app: &TestApp) {
    let (body, other) = (role("Once", &["project:read"]), role("Other", &["project:read"]));
    check_idempotency(&app.admin, ROLES, &body, &other).await;
}

async fn an_edit_is_in_force_at_the_next_request(app: &TestApp) {
    let grace = app.member("grace@example.com").await;
    let made = app.admin.post(ROLES, role("Reader", &["members:read"])).await.ok();
    let path = format!("{ROLES}/{}", id(&made));
    grace.actor.get("/v1/organization/users").await.assert_error(403, "insufficient_permissions", None);
    let given = format!("/v1/organization/users/{}/roles", grace.id);
    app.admin.post(&given, json!({"role_id": id(&made)})).await.ok();
    grace.actor.get("/v1/organization/users").await.ok();
    app.clock.advance(60);
    let edited = app.admin.post(&path, json!({"permissions": ["groups:read"], "role_name": "Groups"})).await.ok();
    assert_eq!((&edited["name"], &edited["version"]), (&json!("Groups"), &json!(2)));
    assert_eq!(edited["updated_at"], ManualClock::START + 60);
    grace.actor.get("/v1/organization/users").await.assert_error(403, "insufficient_permissions", None);
    grace.actor.get("/v1/organization/groups").await.ok();
}

async fn a_stale_edit_changes_nothing(app: &TestApp) {
    let made = app.admin.post(ROLES, role("Role", &["project:read"])).await.ok();
    let path = format!("{ROLES}/{}", id(&made));
    check_versions(&app.admin, &path, &json!({"description": "New"})).await;
    let stale = app.admin.asking(http::Method::DELETE, &path).header("if-match", "1").send().await;
    stale.assert_error(412, "stale_version", "If-Match");
}

async fn a_role_in_use_goes_only_with_a_replacement(app: &TestApp) {
    let grace = app.member("grace@example.com").await;
    let made = id(&app.admin.post(ROLES, role("Old", &["members:read"])).await.ok());
    let new = id(&app.admin.post(ROLES, role("New", &["groups:read"])).await.ok());
    let group = id(&app.admin.post("/v1/organization/groups", json!({"name": "Group"})).await.ok());
    for holder in [format!("users/{}", grace.id), format!("groups/{group}")] {
        app.admin.post(&format!("/v1/organization/{holder}/roles"), json!({"role_id": made})).await.ok();
    }
    let path = format!("{ROLES}/{made}");
    let refused = app.admin.delete(&path).await;
    refused.assert_error(409, "role_in_use", "replacement_role_id");
    assert!(refused.text().contains("1 member and 1 group hold the role"), "{}", refused.text());
    for (replacement, status, code, param) in [
        (made.as_str(), 400, "invalid_value", Some("replacement_role_id")),
        (OWNER, 400, "owner_for_people_only", Some("replacement_role_id")),
        (PROJECT_ADMIN, 400, "role_does_not_fit", Some("replacement_role_id")),
        ("role_00000000000000000000000000000000", 404, "not_found", None),
        ("x", 404, "not_found", None),
    ] {
        let answer = app.admin.delete(&format!("{path}?replacement_role_id={replacement}")).await;
        answer.assert_error(status, code, param);
    }
    let unknown = app.admin.delete(&format!("{path}?replacement={new}")).await;
    unknown.assert_error(400, "unknown_parameter", "replacement");
    grace.actor.get("/v1/organization/users").await.ok();

    app.admin.delete(&format!("{path}?replacement_role_id={new}")).await.ok();
    app.admin.get(&path).await.assert_error(404, "not_found", None);
    for holder in [format!("users/{}", grace.id), format!("groups/{group}")] {
        let held = app.admin.get(&format!("/v1/organization/{holder}/roles")).await.ok();
        assert_eq!(ids(&held), std::slice::from_ref(&new));
    }
    grace.actor.get("/v1/organization/users").await.assert_error(403, "insufficient_permissions", None);
    grace.actor.get("/v1/organization/groups").await.ok();
}

async fn roles_belong_where_they_were_made(app: &TestApp) {
    let (one, other) = (app.project("One").await, app.project("Other").await);
    let of_one = id(&app.admin.post(&of_project(&one), role("Role", &["project:read"])).await.ok());
    let of_organization = id(&app.admin.post(ROLES, role("Role", &["project:read"])).await.ok());
    for (path, role) in [
        (ROLES.to_owned(), of_one.as_str()),
        (of_project(&other), of_one.as_str()),
        (of_project(&one), of_organization.as_str()),
        (of_project(&one), ADMIN),
        (ROLES.to_owned(), PROJECT_ADMIN),
        (ROLES.to_owned(), "role_00000000000000000000000000000000"),
        (ROLES.to_owned(), "nonsense"),
    ] {
        let path = format!("{path}/{role}");
        app.admin.get(&path).await.assert_error(404, "not_found", None);
        app.admin.post(&path, json!({"role_name": "A"})).await.assert_error(404, "not_found", None);
        app.admin.delete(&path).await.assert_error(404, "not_found", None);
    }
    let nowhere = "/v1/projects/proj_00000000000000000000000000000000/roles";
    app.admin.get(nowhere).await.assert_error(404, "not_found", None);
    app.admin.post(nowhere, role("A", &["project:read"])).await.assert_error(404, "not_found", None);
    // Deny first: whoever holds nothing in a project doesn't learn that it is there.
    let grace = app.member("grace@example.com").await;
    grace.actor.get(&of_project(&one)).await.assert_error(404, "not_found", None);
    grace.actor.get(ROLES).await.assert_error(403, "insufficient_permissions", None);
}

async fn nobody_makes_a_role_above_themselves(app: &TestApp) {
    let project = app.project("Project").await;
    let (path, users) = (of_project(&project), format!("{project}/users"));
    let grace = app.member("grace@example.com").await;
    app.admin.post(&users, json!({"user_id": grace.id, "role": "owner"})).await.ok();
    // A project's administrator makes roles there, and nowhere else.
    let made = grace.actor.post(&path, role("Keys", &["api_keys:create", "roles:manage"])).await.ok();
    grace.actor.post(ROLES, role("Keys", &["api_keys:create"])).await.assert_error(
        403,
        "insufficient_permissions",
        None,
    );
    // Whoever holds less neither makes nor touches such a role.
    let small = role("Small", &["roles:read", "roles:manage", "roles:assign", "project:read"]);
    let small = id(&app.admin.post(&path, small).await.ok());
    app.admin.post(&format!("{users}/{}", grace.id), json!({"role": small})).await.ok();
    let refused = grace.actor.post(&path, role("More", &["api_keys:create"])).await;
    refused.assert_error(403, "escalation_not_allowed", None);
    assert!(refused.text().contains("api_keys:create"), "{}", refused.text());
    let keys = format!("{path}/{}", id(&made));
    for body in [json!({"role_name": "Mine"}), json!({"permissions": ["project:read"]})] {
        grace.actor.post(&keys, body).await.assert_error(403, "escalation_not_allowed", None);
    }
    grace.actor.delete(&keys).await.assert_error(403, "escalation_not_allowed", None);
    let more = json!({"permissions": ["roles:manage", "llm:invoke"]});
    grace.actor.post(&format!("{path}/{small}"), more).await.assert_error(403, "escalation_not_allowed", None);
    let own = grace.actor.post(&path, role("Own", &["roles:read"])).await.ok();
    let replaced = format!("{path}/{}?replacement_role_id={PROJECT_ADMIN}", id(&own));
    grace.actor.delete(&replaced).await.assert_error(403, "escalation_not_allowed", None);
    grace.actor.delete(&format!("{path}/{}", id(&own))).await.ok();
}

async fn no_edit_locks_the_owners_out(app: &TestApp) {
    let made = id(&app.admin.post(ROLES, role("Everything", &["organization:read", "roles:manage"])).await.ok());
    let owner = ids(&app.admin.get("/v1/organization/users").await.ok())[0].clone();
    app.admin.post(&format!("/v1/organization/users/{owner}/roles"), json!({"role_id": made})).await.ok();
    app.admin.post(&format!("{ROLES}/{made}"), json!({"permissions": ["bias:check"]})).await.ok();
    app.admin.delete(&format!("{ROLES}/{made}?replacement_role_id={MEMBER}")).await.ok();
    app.admin.post(ROLES, role("Still here", &["organization:update"])).await.ok();
}

async fn roles_page_by_what_is_next(app: &TestApp) {
    let mut custom = Vec::new();
    for number in 0..3 {
        custom.push(id(&app.admin.post(ROLES, role(&format!("Role {number}"), &["project:read"])).await.ok()));
    }
    let all = ids(&app.admin.get(ROLES).await.ok());
    assert_eq!(all[4..], custom);
    for (order, all) in
        [("asc", all.clone()), ("desc", all[..4].iter().rev().chain(custom.iter().rev()).cloned().collect::<Vec<_>>())]
    {
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let page = app.admin.get(&format!("{ROLES}?order={order}&limit=2&after={after}")).await.ok();
            assert_eq!(page.as_object().unwrap().len(), 4, "{page}");
            seen.extend(ids(&page));
            match page["next"].as_str() {
                Some(next) => {
                    assert_eq!(
                        (page["has_more"].as_bool(), ids(&page).last().unwrap()),
                        (Some(true), &next.to_owned())
                    );
                    after = next.to_owned();
                }
                None => break assert_eq!(page["has_more"], false),
            }
        }
        assert_eq!(seen, all, "{order}");
    }
    let foreign = id(&app.stranger.post(ROLES, role("Theirs", &["project:read"])).await.ok());
    app.admin.get(&format!("{ROLES}?after={foreign}")).await.assert_error(400, "invalid_cursor", "after");
}

async fn each_change_of_a_role_is_in_the_audit_log(app: &TestApp) {
    let made = app.admin.post(ROLES, role("Role", &["project:read"])).await.ok();
    let path = format!("{ROLES}/{}", id(&made));
    app.admin.post(&path, json!({"permissions": ["project:read", "audit:read"]})).await.ok();
    app.admin.post(&path, json!({"permissions": ["project:read", "audit:read"]})).await.ok();
    app.admin.delete(&path).await.ok();
    let log = app.admin.get("/v1/organization/audit_logs?event_types[]=role.*").await.ok();
    let types: Vec<_> = log["data"].as_array().unwrap().iter().map(|event| event["type"].clone()).collect();
    assert_eq!(types, ["role.deleted", "role.updated", "role.created"]);
    let text = log["data"][1].to_string();
    assert!(text.contains("audit:read"), "{text}");
}
