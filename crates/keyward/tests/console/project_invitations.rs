//! `/projects/{id}/manage/users/invitations`: invitations into a project, for
//! whoever manages its members.

use keyward_domain::role::BuiltIn;
use keyward_testkit::TestApp;
use serde_json::json;

use crate::support::{between, give_in, leads_to, manage, person, refused, send, shown};

#[tokio::test]
async fn an_administrator_of_a_project_sees_sends_again_and_revokes_their_own() {
    let app = TestApp::on_sqlite().await;
    let (project, other) = (app.project("Mine").await, app.project("Another").await);
    let (admin, id) = person(&app, "admin@example.com", "Admin").await;
    give_in(&app, &project, &id, BuiltIn::ProjectAdmin).await;
    let users = manage(&project, "users");
    let list = format!("{users}/invitations");
    assert!(shown(&admin.get(&users).await).contains(&format!("href=\"{list}\"")));
    assert!(shown(&admin.get(&list).await).contains("Nobody has been invited yet"));
    let member = BuiltIn::ProjectMember.id().to_string();
    let invited = shown(&send(&admin, &users, &[("email", "ada@example.com"), ("role", &member)]).await);
    let first = between(&invited, "/invitation/", "<").to_owned();
    // Somebody else's, and one that leads elsewhere.
    let id_of = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    let body =
        json!({"email": "bob@example.com", "role": "reader", "projects": [{"id": id_of(&project), "role": "owner"}]});
    let bobs = app.admin.post("/v1/organization/invites", body).await.ok();
    let body =
        json!({"email": "eve@example.com", "role": "reader", "projects": [{"id": id_of(&other), "role": "owner"}]});
    let elsewhere = app.admin.post("/v1/organization/invites", body).await.ok();

    let shows = shown(&admin.get(&list).await);
    assert!(shows.contains("ada@example.com") && shows.contains("Project Member") && !shows.contains(&first));
    assert!(!shows.contains("bob@example.com"), "another's");
    assert!(!shows.contains("\"/organization/users\""), "no way leads to what they may not see");
    let href = between(&shows, "<td class=\"actions\">", "</td>");
    let id = between(href, &format!("{list}/"), "/resend").to_owned();
    let again = shown(&send(&admin, &format!("{list}/{id}/resend"), &[]).await);
    let second = between(&again, "/invitation/", "<").to_owned();
    assert!(again.contains(&format!("href=\"{list}\">Done")) && first != second);
    let bobs = bobs["id"].as_str().unwrap();
    assert_eq!(admin.get(&format!("{list}/{bobs}/revoke")).await.status, 404);
    assert!(
        shown(&admin.get(&format!("{list}/{id}/revoke")).await).contains("Revoke the invitation of ada@example.com?")
    );
    assert_eq!(leads_to(&send(&admin, &format!("{list}/{id}/revoke"), &[]).await), list);
    let after = shown(&admin.get(&list).await);
    assert!(after.contains("Revoked") && !after.contains("/resend"));

    // An owner sees all into this project, and none of another.
    let owner = app.person("first@example.com").await;
    let shows = shown(&owner.get(&list).await);
    assert!(
        shows.contains("bob@example.com") && shows.contains("ada@example.com") && !shows.contains("eve@example.com")
    );
    let elsewhere = elsewhere["id"].as_str().unwrap();
    refused(&send(&owner, &format!("{list}/{elsewhere}/revoke"), &[]).await, 404, &["invitation"]);
    app.finish().await;
}

#[tokio::test]
async fn what_would_be_refused_is_not_offered() {
    let app = TestApp::on_sqlite().await;
    let (project, other) = (app.project("Mine").await, app.project("Another").await);
    let (admin, id) = person(&app, "admin@example.com", "Admin").await;
    for project in [&project, &other] {
        give_in(&app, project, &id, BuiltIn::ProjectAdmin).await;
    }
    let grants: Vec<_> =
        [&project, &other].map(|path| json!({"id": path.rsplit('/').next().unwrap(), "role": "member"})).into();
    let body = json!({"email": "ada@example.com", "role": "reader", "projects": grants});
    admin.post("/v1/organization/invites", body).await.ok();
    let list = manage(&project, "users/invitations");
    let shows = shown(&admin.get(&list).await);
    assert!(shows.contains("Project Member, 1 further project") && shows.contains("/revoke"));
    app.admin.delete(&format!("{other}/users/{id}")).await.ok();
    let shows = shown(&admin.get(&list).await);
    assert!(shows.contains("ada@example.com") && !shows.contains("/revoke") && !shows.contains("/resend"));

    let (viewer, id) = person(&app, "viewer@example.com", "Vera").await;
    assert_eq!(viewer.get(&list).await.status, 404);
    give_in(&app, &project, &id, BuiltIn::ProjectViewer).await;
    assert!(shown(&viewer.get(&list).await).contains("Nobody has been invited yet"));
    app.finish().await;
}
