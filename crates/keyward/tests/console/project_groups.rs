//! Groups of a project: on `/projects/{id}/manage/users`, and each on its page.

use keyward_domain::role::BuiltIn;
use keyward_testkit::TestApp;
use serde_json::json;

use crate::support::{ESCAPED, HOSTILE, between, give_in, leads_to, manage, person, refused, send, shown};

#[tokio::test]
async fn a_group_is_added_given_further_roles_and_taken_out() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let project = app.project("Mine").await;
    let (users, groups) = (manage(&project, "users"), manage(&project, "groups"));
    let shows = shown(&owner.get(&users).await);
    assert!(shows.contains("No group holds a role in this project") && !shows.contains("name=\"group_id\""));
    let group = app.admin.post("/v1/organization/groups", json!({"name": HOSTILE})).await.ok();
    let group = group["id"].as_str().unwrap();
    let shows = shown(&owner.get(&users).await);
    assert!(shows.contains(&format!("<option value=\"{group}\"")) && shows.contains(ESCAPED));
    let member = BuiltIn::ProjectMember.id().to_string();
    let viewer = BuiltIn::ProjectViewer.id().to_string();
    let wrong = send(&owner, &groups, &[("group_id", group), ("group_role", "x")]).await;
    refused(&wrong, 400, &["id=\"group_role-error\"", &format!("value=\"{group}\" selected")]);
    refused(&send(&owner, &groups, &[("group_role", &member)]).await, 400, &["id=\"group_id-error\""]);
    let misplaced = BuiltIn::OrganizationAdmin.id().to_string();
    let wrong = send(&owner, &groups, &[("group_id", group), ("group_role", &misplaced)]).await;
    refused(&wrong, 400, &["id=\"group_role-error\"", "can&#39;t be held at this project"]);
    assert_eq!(leads_to(&send(&owner, &groups, &[("group_id", group), ("group_role", &viewer)]).await), users);
    let page = format!("{groups}/{group}");
    let shows = shown(&owner.get(&users).await);
    let listed = between(&shows, "aria-label=\"Groups in this project\"", "</table>");
    assert!(listed.contains(&page) && listed.contains(ESCAPED) && listed.contains("Project Viewer"));
    assert!(!shows.contains("name=\"group_id\""), "there is no other group");
    assert_eq!(owner.get(&groups).await.header("location"), Some(&*users));

    assert_eq!(leads_to(&send(&owner, &format!("{page}/roles"), &[("role_id", &member)]).await), page);
    refused(&send(&owner, &format!("{page}/roles"), &[]).await, 400, &["id=\"role_id-error\""]);
    let shows = shown(&owner.get(&page).await);
    assert!(shows.contains("Project Viewer") && shows.contains("Project Member"));
    assert!(shows.contains(&format!("/organization/groups/{group}")), "its members are one click away");
    let take = |role: &str| format!("{page}/roles/{role}/unassign");
    assert!(!shown(&owner.get(&take(&viewer)).await).contains("the only role"));
    assert_eq!(leads_to(&send(&owner, &take(&viewer), &[]).await), page);
    let api = format!("/v1/projects/{}/groups/{group}/roles", project.rsplit('/').next().unwrap());
    assert_eq!(app.admin.get(&api).await.ok()["data"].as_array().unwrap().len(), 1);
    assert!(shown(&owner.get(&take(&member)).await).contains("It is the only role that the group holds here"));
    assert_eq!(leads_to(&send(&owner, &take(&member), &[]).await), users);
    assert_eq!(owner.get(&page).await.status, 404);

    leads_to(&send(&owner, &groups, &[("group_id", group), ("group_role", &member)]).await);
    assert!(shown(&owner.get(&format!("{page}/remove")).await).contains("from Mine?"));
    assert_eq!(leads_to(&send(&owner, &format!("{page}/remove"), &[]).await), users);
    assert_eq!(app.admin.get(&format!("{project}/groups")).await.ok()["data"], json!([]));
    app.finish().await;
}

#[tokio::test]
async fn who_only_reads_sees_what_a_group_holds_and_no_forms() {
    let app = TestApp::on_sqlite().await;
    let project = app.project("Mine").await;
    let group = app.admin.post("/v1/organization/groups", json!({"name": "Staff"})).await.ok();
    let group = group["id"].as_str().unwrap();
    app.admin.post("/v1/organization/groups", json!({"name": "Others"})).await.ok();
    app.admin.post(&format!("{project}/groups"), json!({"group_id": group, "role": "owner"})).await.ok();
    let page = manage(&project, &format!("groups/{group}"));
    let (viewer, id) = person(&app, "viewer@example.com", "Vera").await;
    assert_eq!(viewer.get(&page).await.status, 404);
    give_in(&app, &project, &id, BuiltIn::ProjectViewer).await;
    let shows = shown(&viewer.get(&page).await);
    let main = between(&shows, "<main", "</main>");
    assert!(main.contains("Staff") && main.contains("Project Admin"));
    for absent in ["<form", "/unassign", "/remove", "/organization/groups"] {
        assert!(!main.contains(absent), "{absent}");
    }
    refused(&send(&viewer, &format!("{page}/remove"), &[]).await, 403, &["members:manage"]);
    let member = BuiltIn::ProjectMember.id().to_string();
    refused(&send(&viewer, &format!("{page}/roles"), &[("role_id", &member)]).await, 403, &["roles:assign"]);

    // An administrator of the project only knows its groups, and takes them out.
    let (admin, id) = person(&app, "admin@example.com", "Admin").await;
    give_in(&app, &project, &id, BuiltIn::ProjectAdmin).await;
    assert!(!shown(&admin.get(&manage(&project, "users")).await).contains("Others"), "not theirs to know");
    assert_eq!(leads_to(&send(&admin, &format!("{page}/remove"), &[]).await), manage(&project, "users"));
    app.finish().await;
}
