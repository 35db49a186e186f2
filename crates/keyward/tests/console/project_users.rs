//! `/projects/{id}/manage/users`: who is in a project, and all that they hold
//! there.

use keyward_domain::role::BuiltIn;
use keyward_testkit::TestApp;
use serde_json::json;

use crate::support::{ESCAPED, HOSTILE, between, give_in, leads_to, manage, person, refused, send, shown};

#[tokio::test]
async fn somebody_is_added_given_further_roles_and_taken_out() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let project = app.project("Mine").await;
    let users = manage(&project, "users");
    let (_, ada) = person(&app, "ada@example.com", HOSTILE).await;
    let member = BuiltIn::ProjectMember.id().to_string();
    let viewer = BuiltIn::ProjectViewer.id().to_string();
    let empty = shown(&owner.get(&users).await);
    assert!(empty.contains(&format!("value=\"{member}\" selected")), "no more than needed is proposed");
    let wrong = send(&owner, &users, &[("email", "ada"), ("role", &viewer)]).await;
    refused(&wrong, 400, &["id=\"email-error\"", "value=\"ada\"", &format!("value=\"{viewer}\" selected")]);
    assert_eq!(leads_to(&send(&owner, &users, &[("email", "ada@example.com"), ("role", &viewer)]).await), users);
    let page = format!("{users}/{ada}");
    let list = shown(&owner.get(&users).await);
    assert!(list.contains(ESCAPED) && list.contains(&page));

    assert_eq!(leads_to(&send(&owner, &format!("{page}/roles"), &[("role_id", &member)]).await), page);
    refused(&send(&owner, &format!("{page}/roles"), &[]).await, 400, &["Choose the role to give."]);
    let shows = shown(&owner.get(&page).await);
    let held = between(&shows, "aria-label=\"Roles\"", "</table>");
    assert!(held.contains("Project Member") && held.contains("Project Viewer") && held.contains("given directly"));
    assert!(shown(&owner.get(&users).await).contains("Project Member, Project Viewer"), "all roles are listed");
    let take = format!("{page}/roles/{viewer}/unassign");
    let ask = shown(&owner.get(&take).await);
    assert!(ask.contains("Take the role Project Viewer from") && !ask.contains("the only role"));
    assert_eq!(leads_to(&send(&owner, &take, &[]).await), page);
    let roles = format!("/v1/projects/{}/users/{ada}/roles", project.rsplit('/').next().unwrap());
    let held = app.admin.get(&roles).await.ok();
    assert_eq!((held["data"].as_array().unwrap().len(), &held["data"][0]["name"]), (1, &json!("Project Member")));

    // One role in the place of all.
    leads_to(&send(&owner, &format!("{page}/roles"), &[("role_id", &viewer)]).await);
    let admin = BuiltIn::ProjectAdmin.id().to_string();
    assert_eq!(leads_to(&send(&owner, &page, &[("role", &admin)]).await), page);
    assert_eq!(app.admin.get(&roles).await.ok()["data"].as_array().unwrap().len(), 1);
    refused(&send(&owner, &page, &[("role", "x")]).await, 400, &["id=\"role-error\""]);

    // Without the last one they are out.
    let last = format!("{page}/roles/{admin}/unassign");
    assert!(shown(&owner.get(&last).await).contains("It is the only role"));
    assert_eq!(leads_to(&send(&owner, &last, &[]).await), users);
    assert_eq!(owner.get(&page).await.status, 404);

    give_in(&app, &project, &ada, BuiltIn::ProjectViewer).await;
    assert!(shown(&owner.get(&format!("{page}/remove")).await).contains("from Mine?"));
    assert_eq!(leads_to(&send(&owner, &format!("{page}/remove"), &[]).await), users);
    assert_eq!(app.admin.get(&format!("{project}/users/{ada}")).await.status, 404);
    app.finish().await;
}

#[tokio::test]
async fn where_a_role_comes_from_is_said_and_only_what_was_given_can_be_taken() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let project = app.project("Mine").await;
    let (_, ada) = person(&app, "ada@example.com", "Ada").await;
    let group = app.admin.post("/v1/organization/groups", json!({"name": HOSTILE})).await.ok();
    let group = group["id"].as_str().unwrap();
    app.admin.post(&format!("/v1/organization/groups/{group}/users"), json!({"user_id": ada})).await.ok();
    app.admin.post(&format!("{project}/groups"), json!({"group_id": group, "role": "member"})).await.ok();
    give_in(&app, &project, &ada, BuiltIn::ProjectViewer).await;
    let page = manage(&project, &format!("users/{ada}"));
    let shows = shown(&owner.get(&page).await);
    let through = between(&shows, "Project Member", "</tr>");
    assert!(through.contains(&format!("through {ESCAPED}")) && !through.contains("/unassign"), "{through}");
    let given = between(&shows, "class=\"name\">Project Viewer", "</tr>");
    assert!(given.contains("given directly") && given.contains("/unassign"), "{given}");

    // As a provider of single sign-on would have it.
    app.execute("UPDATE role_assignments SET source = x'00000000000070008000000000000abc' WHERE principal_kind = 'user' AND project_id <> x'00000000000000000000000000000000'").await;
    let shows = shown(&owner.get(&page).await);
    let by_sso = between(&shows, "class=\"name\">Project Viewer", "</tr>");
    assert!(by_sso.contains("by single sign-on") && !by_sso.contains("given directly"), "{by_sso}");
    assert!(!shows.contains("/unassign") && !shows.contains("/remove\""), "nothing is offered that would be refused");
    let viewer = BuiltIn::ProjectViewer.id();
    refused(&send(&owner, &format!("{page}/roles/{viewer}/unassign"), &[]).await, 409, &["single sign-on"]);
    refused(&send(&owner, &format!("{page}/remove"), &[]).await, 409, &["single sign-on"]);
    app.finish().await;
}

#[tokio::test]
async fn nobody_is_offered_more_than_they_hold() {
    let app = TestApp::on_sqlite().await;
    let project = app.project("Mine").await;
    let users = manage(&project, "users");
    let (_, admin) = person(&app, "admin@example.com", "Admin").await;
    give_in(&app, &project, &admin, BuiltIn::ProjectAdmin).await;
    let (viewer, vera) = person(&app, "viewer@example.com", "Vera").await;
    give_in(&app, &project, &vera, BuiltIn::ProjectViewer).await;
    for path in [&users, &format!("{users}/{vera}"), &format!("{users}/{admin}")] {
        let shows = shown(&viewer.get(path).await);
        let main = between(&shows, "<main", "</main>");
        for absent in ["<form", "/unassign", "/remove", "/invitations"] {
            assert!(!main.contains(absent), "{absent} in {path}");
        }
    }
    assert!(shown(&viewer.get(&format!("{users}/{admin}")).await).contains("Project Admin"));

    // A keeper of members who holds little else.
    let body = json!({"role_name": "Keeper", "permissions": ["project:read", "members:read", "members:manage", "roles:read", "roles:assign"]});
    let role = app.admin.post(&format!("/v1/projects/{}/roles", project.rsplit('/').next().unwrap()), body).await.ok();
    let (keeper, kim) = person(&app, "keeper@example.com", "Kim").await;
    app.admin.post(&format!("{project}/users"), json!({"user_id": kim, "role": role["id"]})).await.ok();
    let shows = shown(&keeper.get(&users).await);
    let role_id = role["id"].as_str().unwrap();
    assert!(shows.contains(&format!("<option value=\"{role_id}\"")), "{shows}");
    assert!(!shows.contains(&format!("<option value=\"{}\"", BuiltIn::ProjectAdmin.id())));
    let above = shown(&keeper.get(&format!("{users}/{admin}")).await);
    assert!(above.contains("They may do more in this project than you"), "{above}");
    assert!(!between(&above, "<main", "</main>").contains("<form") && !above.contains("/remove\""));
    let refusal = send(&keeper, &format!("{users}/{admin}/remove"), &[]).await;
    refused(&refusal, 403, &["who holds more than you"]);
    app.finish().await;
}
