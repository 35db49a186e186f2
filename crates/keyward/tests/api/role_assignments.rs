//! Who holds which role: users and groups, at the organization and in projects.

use keyward_domain::role::Scope;
use keyward_store::{
    group,
    role_assignment::{self, Assignment, Principal},
};
use keyward_testkit::{Member, TestApp};
use serde_json::{Value, json};

use crate::{
    roles::{ADMIN, OWNER, PROJECT_ADMIN, ROLES, role},
    support::{id, ids},
};

keyward_testkit::on_both_databases!(
    a_role_is_given_shown_and_taken,
    it_is_said_why_a_role_is_held,
    a_role_must_fit_and_owners_are_people,
    nobody_gives_what_they_do_not_hold,
    nobody_changes_somebody_above_them,
    the_last_owner_stays,
    two_owners_who_demote_each_other_leave_one,
    what_single_sign_on_gave_is_not_taken_by_hand,
    a_project_is_not_seen_through_its_neighbour,
);

async fn give(app: &TestApp, member: &Member, role: &str) {
    app.admin.post(&of(member), json!({"role_id": role})).await.ok();
}

fn of(member: &Member) -> String {
    format!("/v1/organization/users/{}/roles", member.id)
}

/// The four places where roles are held, and a role that fits each.
async fn places(app: &TestApp, user: &str, group: &str) -> Vec<(String, String, &'static str)> {
    let project = app.project("Places").await;
    let project = project.rsplit('/').next().unwrap();
    let organization = id(&app.admin.post(ROLES, role("Places", &["project:read"])).await.ok());
    let of_project = format!("/v1/projects/{project}");
    let in_project = id(&app.admin.post(&format!("{of_project}/roles"), role("Places", &["project:read"])).await.ok());
    vec![
        (format!("/v1/organization/users/{user}/roles"), organization.clone(), "user"),
        (format!("/v1/organization/groups/{group}/roles"), organization, "group"),
        (format!("{of_project}/users/{user}/roles"), in_project.clone(), "user"),
        (format!("{of_project}/groups/{group}/roles"), in_project, "group"),
    ]
}

async fn new_group(app: &TestApp, name: &str) -> String {
    id(&app.admin.post("/v1/organization/groups", json!({"name": name})).await.ok())
}

async fn a_role_is_given_shown_and_taken(app: &TestApp) {
    let (grace, group) = (app.member("grace@example.com").await, new_group(app, "Group").await);
    for (path, role, kind) in places(app, &grace.id, &group).await {
        let given = app.admin.post(&path, json!({"role_id": role})).await.ok();
        assert_eq!(given["object"], format!("{kind}.role"));
        assert_eq!((given[kind]["id"].as_str(), &given["role"]["id"]), (path.split('/').rev().nth(1), &json!(role)));
        assert_eq!(app.admin.post(&path, json!({"role_id": role})).await.ok(), given, "twice is not an error");
        let list = app.admin.get(&path).await.ok();
        assert_eq!((ids(&list), &list["has_more"], &list["next"]), (vec![role.clone()], &json!(false), &json!(null)));
        let held = app.admin.get(&format!("{path}/{role}")).await.ok();
        assert_eq!(held, list["data"][0]);
        assert_eq!(held["assignment_sources"], json!([{"principal_id": given[kind]["id"], "principal_type": kind}]));
        assert_eq!(
            (&held["created_by_user_obj"]["email"], &held["metadata"]),
            (&json!("first@example.com"), &json!(null))
        );
        let gone = app.admin.delete(&format!("{path}/{role}")).await.ok();
        assert_eq!(gone, json!({"object": format!("{kind}.role.deleted"), "deleted": true}));
        assert_eq!(app.admin.get(&path).await.ok()["data"], json!([]));
        app.admin.get(&format!("{path}/{role}")).await.assert_error(404, "not_found", None);
        app.admin.delete(&format!("{path}/{role}")).await.assert_error(404, "not_found", None);
        app.admin.post(&path, json!({})).await.assert_error(400, "missing_required_parameter", "role_id");
        app.admin.post(&path, json!({"role_id": "x"})).await.assert_error(404, "not_found", None);
    }
    let log = app.admin.get("/v1/organization/audit_logs?event_types[]=role.assignment.*&limit=100").await.ok();
    assert_eq!(ids(&log).len(), 8, "each once, though given twice");
}

async fn it_is_said_why_a_role_is_held(app: &TestApp) {
    let (grace, group) = (app.member("grace@example.com").await, new_group(app, "Group").await);
    let made = id(&app.admin.post(ROLES, role("Both", &["groups:read"])).await.ok());
    let of_group = format!("/v1/organization/groups/{group}");
    app.admin.post(&format!("{of_group}/users"), json!({"user_id": grace.id})).await.ok();
    grace.actor.get("/v1/organization/groups").await.assert_error(403, "insufficient_permissions", None);
    app.admin.post(&format!("{of_group}/roles"), json!({"role_id": made})).await.ok();
    grace.actor.get("/v1/organization/groups").await.ok();
    let path = format!("{}/{made}", of(&grace));
    let through = json!({"principal_id": group, "principal_type": "group"});
    assert_eq!(app.admin.get(&path).await.ok()["assignment_sources"], json!([through]));
    let refused = app.admin.delete(&path).await;
    refused.assert_error(409, "role_from_group", None);
    assert!(refused.text().contains(&group), "{}", refused.text());
    give(app, &grace, &made).await;
    let own = json!({"principal_id": grace.id, "principal_type": "user"});
    assert_eq!(app.admin.get(&path).await.ok()["assignment_sources"], json!([own, through]));
    app.admin.delete(&path).await.ok();
    grace.actor.get("/v1/organization/groups").await.ok();
    app.admin.delete(&format!("{of_group}/users/{}", grace.id)).await.ok();
    grace.actor.get("/v1/organization/groups").await.assert_error(403, "insufficient_permissions", None);
}

async fn a_role_must_fit_and_owners_are_people(app: &TestApp) {
    let (grace, group) = (app.member("grace@example.com").await, new_group(app, "Group").await);
    let refused = app.admin.post(&of(&grace), json!({"role_id": PROJECT_ADMIN})).await;
    refused.assert_error(400, "role_does_not_fit", "role_id");
    let project = app.project("Project").await;
    let in_project = format!("/v1/projects/{}/users/{}/roles", project.rsplit('/').next().unwrap(), grace.id);
    for wrong in [OWNER, ADMIN] {
        app.admin.post(&in_project, json!({"role_id": wrong})).await.assert_error(400, "role_does_not_fit", "role_id");
    }
    let of_group = format!("/v1/organization/groups/{group}/roles");
    app.admin.post(&of_group, json!({"role_id": OWNER})).await.assert_error(400, "owner_for_people_only", "role_id");
    app.admin.post(&of_group, json!({"role_id": ADMIN})).await.ok();
    let theirs = id(&app.stranger.post(ROLES, role("Theirs", &["project:read"])).await.ok());
    app.admin.post(&of(&grace), json!({"role_id": theirs})).await.assert_error(404, "not_found", None);
}

async fn nobody_gives_what_they_do_not_hold(app: &TestApp) {
    let (ada, grace) = (app.member("ada@example.com").await, app.member("grace@example.com").await);
    give(app, &ada, ADMIN).await;
    // An administrator isn't an owner, and can't make one, not even of themselves.
    for to in [&ada, &grace] {
        let refused = ada.actor.post(&of(to), json!({"role_id": OWNER})).await;
        refused.assert_error(403, "escalation_not_allowed", None);
    }
    let sso = id(&app.admin.post(ROLES, role("SSO", &["sso:manage"])).await.ok());
    ada.actor.post(&of(&grace), json!({"role_id": sso})).await.assert_error(403, "escalation_not_allowed", None);
    let group = new_group(app, "Group").await;
    let of_group = format!("/v1/organization/groups/{group}");
    let refused = ada.actor.post(&format!("{of_group}/roles"), json!({"role_id": sso})).await;
    refused.assert_error(403, "escalation_not_allowed", None);
    // Nor by way of a group that holds it.
    app.admin.post(&format!("{of_group}/roles"), json!({"role_id": sso})).await.ok();
    let refused = ada.actor.post(&format!("{of_group}/users"), json!({"user_id": ada.id})).await;
    refused.assert_error(403, "escalation_not_allowed", None);
    ada.actor.post(&of(&grace), json!({"role_id": ADMIN})).await.ok();
    app.admin.post(&of(&grace), json!({"role_id": OWNER})).await.ok();
    grace.actor.post(&of(&ada), json!({"role_id": OWNER})).await.ok();
}

async fn nobody_changes_somebody_above_them(app: &TestApp) {
    let (ada, grace) = (app.member("ada@example.com").await, app.member("grace@example.com").await);
    give(app, &ada, ADMIN).await;
    give(app, &grace, OWNER).await;
    let harmless = id(&app.admin.post(ROLES, role("Harmless", &["project:read"])).await.ok());
    ada.actor.post(&of(&grace), json!({"role_id": harmless})).await.assert_error(403, "escalation_not_allowed", None);
    let owner = format!("{}/{OWNER}", of(&grace));
    let refused = ada.actor.delete(&owner).await;
    refused.assert_error(403, "escalation_not_allowed", None);
    assert!(refused.text().contains("Only an owner can change an owner"), "{}", refused.text());
    // In a project, only what is held there counts.
    let project = app.project("Project").await;
    let (users, project_id) = (format!("{project}/users"), project.rsplit('/').next().unwrap());
    app.admin.post(&users, json!({"user_id": ada.id, "role": "owner"})).await.ok();
    app.admin.delete(&format!("{}/{ADMIN}", of(&ada))).await.ok();
    let path = format!("/v1/projects/{project_id}/users/{}/roles", grace.id);
    ada.actor.post(&path, json!({"role_id": PROJECT_ADMIN})).await.ok();
    ada.actor.delete(&format!("{path}/{PROJECT_ADMIN}")).await.ok();
    let assigner = role("Assigner", &["roles:assign", "roles:read", "project:read"]);
    let assigner = id(&app.admin.post(&format!("/v1/projects/{project_id}/roles"), assigner).await.ok());
    app.admin.post(&format!("{users}/{}", ada.id), json!({"role": assigner})).await.ok();
    ada.actor.post(&path, json!({"role_id": assigner})).await.assert_error(403, "escalation_not_allowed", None);
}

async fn the_last_owner_stays(app: &TestApp) {
    let owner = ids(&app.admin.get("/v1/organization/users").await.ok())[0].clone();
    let path = format!("/v1/organization/users/{owner}");
    let grace = app.member("grace@example.com").await;
    let refuse = async || {
        app.admin.delete(&format!("{path}/roles/{OWNER}")).await.assert_error(409, "last_owner", None);
        app.admin.delete(&path).await.assert_error(409, "last_owner", None);
        for body in [json!({"role": "reader"}), json!({"role_id": ADMIN}), json!({"disabled": true})] {
            app.admin.post(&path, body).await.assert_error(409, "last_owner", None);
        }
    };
    refuse().await;
    // An owner who is disabled doesn't count.
    give(app, &grace, OWNER).await;
    app.admin.post(&format!("/v1/organization/users/{}", grace.id), json!({"disabled": true})).await.ok();
    refuse().await;
    app.admin.post(&path, json!({"role": "owner"})).await.ok();
    app.admin.post(&format!("/v1/organization/users/{}", grace.id), json!({"disabled": false})).await.ok();
    app.admin.delete(&format!("{path}/roles/{OWNER}")).await.ok();
    app.admin.get("/v1/organization/users").await.assert_error(403, "insufficient_permissions", None);
    grace.actor.get("/v1/organization/users").await.ok();
}

async fn two_owners_who_demote_each_other_leave_one(app: &TestApp) {
    let owner = ids(&app.admin.get("/v1/organization/users").await.ok())[0].clone();
    let grace = app.member("grace@example.com").await;
    give(app, &grace, OWNER).await;
    let (first, second) = (format!("/v1/organization/users/{owner}"), format!("/v1/organization/users/{}", grace.id));
    let demoted = format!("{second}/roles/{OWNER}");
    let (one, other) = tokio::join!(app.admin.delete(&demoted), grace.actor.post(&first, json!({"role": "reader"})));
    let done = [one.status, other.status].into_iter().filter(|status| *status == 200).count();
    assert_eq!(done, 1, "{} {}", one.text(), other.text());

    let admin = if one.status == 200 { &app.admin } else { &grace.actor };
    let users = admin.get("/v1/organization/users").await.ok();
    let owners = users["data"].as_array().unwrap().iter().filter(|user| user["role"] == "owner").count();
    assert_eq!(owners, 1);
    // The same with oneself: two owners who both leave.
    for user in [&first, &second] {
        admin.post(user, json!({"role": "owner"})).await.ok();
    }
    let (one, other) = tokio::join!(app.admin.delete(&first), grace.actor.post(&second, json!({"disabled": true})));
    let done = [one.status, other.status].into_iter().filter(|status| *status == 200).count();
    assert_eq!(done, 1, "{} {}", one.text(), other.text());
}

/// As a sign-in does whose claims are mapped to a role and to a group.
async fn by_single_sign_on(app: &TestApp, member: &Member, role: &str, group: &str) {
    let source = Some(format!("sso_{}", "7".repeat(32)).parse().unwrap());
    let (user, pool) = (member.id.parse().unwrap(), app.pool().await);
    let mut transaction = pool.begin().await.unwrap();
    let conn = &mut transaction.conn();
    let assignment = Assignment {
        principal: Principal::User(user),
        scope: Scope::Organization,
        role: role.parse().unwrap(),
        source,
        created_by: None,
        created_at: 0,
    };
    assert!(role_assignment::insert(conn, member.organization, &assignment).await.unwrap());
    let group = group::find(conn, member.organization, group.parse().unwrap()).await.unwrap().unwrap();
    assert!(group::add_member(conn, &group, user, source, 0).await.unwrap());
    transaction.commit().await.unwrap();
    pool.close().await;
}

async fn what_single_sign_on_gave_is_not_taken_by_hand(app: &TestApp) {
    let grace = app.member("grace@example.com").await;
    let made = id(&app.admin.post(ROLES, role("By claim", &["groups:read"])).await.ok());
    let group = new_group(app, "By claim").await;
    by_single_sign_on(app, &grace, &made, &group).await;
    grace.actor.get("/v1/organization/groups").await.ok();
    app.admin.delete(&format!("{}/{made}", of(&grace))).await.assert_error(409, "managed_by_sso", None);
    let member = format!("/v1/organization/groups/{group}/users/{}", grace.id);
    app.admin.get(&member).await.ok();
    app.admin.delete(&member).await.assert_error(409, "managed_by_sso", None);
    // A role given by hand doesn't undo it.
    app.admin.post(&format!("/v1/organization/users/{}", grace.id), json!({"role": "reader"})).await.ok();
    grace.actor.get("/v1/organization/groups").await.ok();
    app.admin.delete(&format!("/v1/organization/groups/{group}")).await.ok();
    app.admin.delete(&format!("{ROLES}/{made}?replacement_role_id={ADMIN}")).await.ok();
    assert_eq!(ids(&app.admin.get(&of(&grace)).await.ok()), [ADMIN]);
}

async fn a_project_is_not_seen_through_its_neighbour(app: &TestApp) {
    let (one, other) = (app.project("One").await, app.project("Other").await);
    let (ada, grace) = (app.member("ada@example.com").await, app.member("grace@example.com").await);
    app.admin.post(&format!("{one}/users"), json!({"user_id": ada.id, "role": "owner"})).await.ok();
    app.admin.post(&format!("{other}/users"), json!({"user_id": grace.id, "role": "member"})).await.ok();
    let other_id = other.rsplit('/').next().unwrap();
    let path = format!("/v1/projects/{other_id}/users/{}/roles", grace.id);
    ada.actor.get(&path).await.assert_error(404, "not_found", None);
    ada.actor.post(&path, json!({"role_id": PROJECT_ADMIN})).await.assert_error(404, "not_found", None);
    // What is answered of somebody holds no project that one may not see.
    let path = format!("/v1/projects/{}/users/{}/roles", one.rsplit('/').next().unwrap(), grace.id);
    let given = ada.actor.post(&path, json!({"role_id": PROJECT_ADMIN})).await.ok();
    let projects: Vec<Value> = given["user"]["projects"]["data"].as_array().unwrap().clone();
    assert_eq!(projects.len(), 1, "{projects:?}");
    assert_eq!(projects[0]["name"], "One");
    let of_other = format!("/v1/projects/{other_id}/roles");
    let hidden = id(&app.admin.post(&of_other, role("Hidden", &["project:read"])).await.ok());
    ada.actor.post(&path, json!({"role_id": hidden})).await.assert_error(404, "not_found", None);
    app.admin.post(&path, json!({"role_id": hidden})).await.assert_error(400, "role_does_not_fit", "role_id");
}
