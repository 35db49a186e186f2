//! `/organization/users`: members, one member, invitations.

use keyward_domain::role::BuiltIn;
use keyward_testkit::{PASSWORD, TestApp};
use serde_json::json;

use crate::support::{ESCAPED, HOSTILE, between, give, leads_to, person, refused, send, shown};

const USERS: &str = "/organization/users";
const INVITATIONS: &str = "/organization/users/invitations";

#[tokio::test]
async fn members_are_listed_found_and_shown() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let (_, ada) = person(&app, "ada@example.com", HOSTILE).await;
    give(&app, &ada, BuiltIn::OrganizationAuditor).await;
    let list = shown(&owner.get(USERS).await);
    for part in [ESCAPED, "ada@example.com", "first@example.com", "Organization Auditor", "Organization Owner"] {
        assert!(list.contains(part), "{part}");
    }
    assert!(!list.contains("second@example.com"), "another organization's");
    let found = shown(&owner.get(&format!("{USERS}?search=ADA%40example.com")).await);
    assert!(found.contains(ESCAPED) && !between(&found, "<tbody>", "</tbody>").contains("first@example.com"));
    let by_part = shown(&owner.get(&format!("{USERS}?search=DA%40exam")).await);
    assert!(by_part.contains(ESCAPED) && !between(&by_part, "<tbody>", "</tbody>").contains("first@example.com"));
    assert!(shown(&owner.get(&format!("{USERS}?search=second")).await).contains("No member matches"));
    let page = shown(&owner.get(&format!("{USERS}/{ada}")).await);
    for part in [ESCAPED, "Organization Auditor", "given directly", "Remove", "Disable", "Password reset link"] {
        assert!(page.contains(part), "{part}");
    }
    let stranger = app.person("second@example.com").await;
    assert_eq!(stranger.get(&format!("{USERS}/{ada}")).await.status, 404);
    app.finish().await;
}

#[tokio::test]
async fn who_only_reads_sees_no_buttons_and_is_refused() {
    let app = TestApp::on_sqlite().await;
    let (nobody, _) = person(&app, "nobody@example.com", "Nobody").await;
    assert_eq!(nobody.get(USERS).await.status, 403);
    let (auditor, auditor_id) = person(&app, "auditor@example.com", "Auditor").await;
    give(&app, &auditor_id, BuiltIn::OrganizationAuditor).await;
    let (_, ada) = person(&app, "ada@example.com", "Ada").await;
    let list = shown(&auditor.get(USERS).await);
    assert!(!list.contains("invitations/new"), "no invitation is offered");
    let page = shown(&auditor.get(&format!("{USERS}/{ada}")).await);
    for absent in ["/disable", "/remove", "/password-link", "name=\"role_id\""] {
        assert!(!page.contains(absent), "{absent}");
    }
    assert_eq!(auditor.get(&format!("{INVITATIONS}/new")).await.status, 403);
    let path = format!("{USERS}/{ada}/disable");
    refused(&send(&auditor, &path, &[]).await, 403, &["members:manage"]);
    assert_eq!(app.admin.get(&format!("/v1/organization/users/{ada}")).await.ok()["disabled_at"], json!(null));
    let ask = auditor.get(&format!("{USERS}/{ada}/remove")).await;
    refused(&ask, 403, &["members:manage"]);
    app.finish().await;
}

#[tokio::test]
async fn roles_are_given_and_taken() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let (_, ada) = person(&app, "ada@example.com", "Ada").await;
    let page = format!("{USERS}/{ada}");
    let roles = format!("/v1/organization/users/{ada}/roles");
    let admin = BuiltIn::OrganizationAdmin.id().to_string();
    assert_eq!(leads_to(&send(&owner, &format!("{page}/roles"), &[("role_id", &admin)]).await), page);
    assert!(app.admin.get(&roles).await.ok().to_string().contains("Organization Admin"));
    refused(&send(&owner, &format!("{page}/roles"), &[]).await, 400, &["Choose the role to give."]);
    let ask = shown(&owner.get(&format!("{page}/roles/{admin}/unassign")).await);
    assert!(ask.contains("Take the role Organization Admin from Ada?"));
    assert_eq!(leads_to(&send(&owner, &format!("{page}/roles/{admin}/unassign"), &[]).await), page);
    assert!(!app.admin.get(&roles).await.ok().to_string().contains("Organization Admin"));

    // An administrator is offered no more than they hold, and can't change an owner.
    let (admin_person, id) = person(&app, "admin@example.com", "Admin").await;
    give(&app, &id, BuiltIn::OrganizationAdmin).await;
    let offered = shown(&admin_person.get(&page).await);
    assert!(offered.contains(">Organization Admin</option>") && !offered.contains(">Organization Owner</option>"));
    let owner_id = owner.get("/v1/account").await.ok()["user"]["id"].as_str().unwrap().to_owned();
    let above = shown(&admin_person.get(&format!("{USERS}/{owner_id}")).await);
    assert!(above.contains("An owner can be changed by owners only") && !above.contains("/disable"));
    app.finish().await;
}

#[tokio::test]
async fn a_role_that_comes_by_a_group_says_so() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let (_, ada) = person(&app, "ada@example.com", "Ada").await;
    let group = app.admin.post("/v1/organization/groups", json!({"name": "Staff"})).await.ok();
    let group = group["id"].as_str().unwrap();
    app.admin.post(&format!("/v1/organization/groups/{group}/users"), json!({"user_id": ada})).await.ok();
    let role = json!({"role_id": BuiltIn::OrganizationAuditor.id()});
    app.admin.post(&format!("/v1/organization/groups/{group}/roles"), role).await.ok();
    let page = shown(&owner.get(&format!("{USERS}/{ada}")).await);
    assert!(page.contains("through Staff") && !page.contains("/unassign"));
    app.finish().await;
}

#[tokio::test]
async fn a_member_is_disabled_enabled_and_removed() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let (ada_herself, ada) = person(&app, "ada@example.com", "Ada").await;
    let page = format!("{USERS}/{ada}");
    assert!(shown(&owner.get(&format!("{page}/disable")).await).contains("Disable Ada?"));
    assert_eq!(leads_to(&send(&owner, &format!("{page}/disable"), &[]).await), page);
    assert_eq!(ada_herself.get("/v1/account").await.status, 401, "signed out at once");
    assert!(shown(&owner.get(&page).await).contains("This member was disabled"));
    assert_eq!(leads_to(&send(&owner, &format!("{page}/enable"), &[]).await), page);

    // She made a key: the question says that it stays, and it does.
    let project = app.project("Mine").await;
    let project_id = project.rsplit('/').next().unwrap();
    let path = format!("/v1/projects/{project_id}/users/{ada}/roles");
    app.admin.post(&path, json!({"role_id": BuiltIn::ProjectAdmin.id()})).await.ok();
    let ada_again = app.person("ada@example.com").await;
    ada_again.post(&format!("{project}/api_keys"), json!({"name": HOSTILE})).await.ok();
    assert!(shown(&owner.get(&page).await).contains("Project Admin"));
    let ask = shown(&owner.get(&format!("{page}/remove")).await);
    assert!(ask.contains("1 API key that they made keeps working") && ask.contains(ESCAPED), "{ask}");
    let wrong = send(&owner, &format!("{page}/remove"), &[("typed", "Ada")]).await;
    refused(&wrong, 400, &["This isn&#39;t the name"]);
    let removed = send(&owner, &format!("{page}/remove"), &[("typed", "ada@example.com")]).await;
    assert_eq!(leads_to(&removed), USERS);
    assert_eq!(app.admin.get(&format!("/v1/organization/users/{ada}")).await.status, 404);
    let keys = app.admin.get(&format!("{project}/api_keys")).await.ok();
    assert_eq!(keys["data"][0]["status"], "active");

    // The last owner stays.
    let owner_id = owner.get("/v1/account").await.ok()["user"]["id"].as_str().unwrap().to_owned();
    let last = send(&owner, &format!("{USERS}/{owner_id}/remove"), &[("typed", "first@example.com")]).await;
    refused(&last, 409, &["last owner"]);
    assert_eq!(send(&owner, &format!("{page}/explode"), &[]).await.status, 404);
    app.finish().await;
}

#[tokio::test]
async fn a_password_reset_link_is_handed_over_once() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let (_, ada) = person(&app, "ada@example.com", "Ada").await;
    let path = format!("{USERS}/{ada}/password-link");
    assert!(shown(&owner.get(&path).await).contains("Make a password reset link for Ada?"));
    let page = shown(&send(&owner, &path, &[]).await);
    let token = between(&page, "/password-reset/", "<").to_owned();
    assert!(page.contains("it will not be shown again"));
    let body = json!({"token": token, "new_password": "staple of another horse"});
    app.nobody.post("/v1/auth/password_reset/complete", body).await.ok();
    assert!(!shown(&owner.get(&format!("{USERS}/{ada}")).await).contains(&token));
    // There is no second factor to take away.
    refused(&send(&owner, &format!("{USERS}/{ada}/second-factor"), &[]).await, 404, &["second factor"]);
    app.finish().await;
}

#[tokio::test]
async fn somebody_is_invited_again_and_not_any_more() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let project = app.project(HOSTILE).await;
    let grant = format!("{}:member", project.rsplit('/').next().unwrap());
    let form = shown(&owner.get(&format!("{INVITATIONS}/new")).await);
    assert!(form.contains(ESCAPED) && form.contains(&grant) && form.contains("Organization Owner"));
    let wrong = send(&owner, INVITATIONS, &[("email", "ada"), ("role", "reader"), ("grant", &grant)]).await;
    refused(&wrong, 400, &["id=\"email-error\"", "value=\"ada\"", &format!("value=\"{grant}\" selected")]);
    let fields = [("email", "ada@example.com"), ("role", "reader"), ("grant", ""), ("grant", &*grant)];
    let page = shown(&send(&owner, INVITATIONS, &fields).await);
    let first = between(&page, "/invitation/", "<").to_owned();
    refused(&send(&owner, INVITATIONS, &fields).await, 409, &["already pending", "id=\"email-error\""]);
    let invites = app.admin.get("/v1/organization/invites").await.ok();
    let invite = &invites["data"][0];
    assert_eq!((&invite["email"], &invite["projects"][0]["role"]), (&json!("ada@example.com"), &json!("member")));
    let id = invite["id"].as_str().unwrap();

    let list = shown(&owner.get(INVITATIONS).await);
    assert!(list.contains("Pending") && list.contains("Organization Member, 1 project") && !list.contains(&first));
    let page = shown(&send(&owner, &format!("{INVITATIONS}/{id}/resend"), &[]).await);
    let second = between(&page, "/invitation/", "<").to_owned();
    app.nobody.post("/v1/auth/invitations/describe", json!({"token": second})).await.ok();
    assert!(shown(&owner.get(&format!("{INVITATIONS}/{id}/revoke")).await).contains("Revoke the invitation of ada"));
    assert_eq!(leads_to(&send(&owner, &format!("{INVITATIONS}/{id}/revoke"), &[]).await), INVITATIONS);
    let body = json!({"token": second, "name": "Ada", "password": PASSWORD});
    app.nobody.post("/v1/auth/invitations/accept", body).await.assert_error(404, "invalid_link", None);
    assert!(shown(&owner.get(INVITATIONS).await).contains("Revoked"));
    refused(&send(&owner, &format!("{INVITATIONS}/{id}/resend"), &[]).await, 409, &["Make a new one"]);
    app.finish().await;
}

#[tokio::test]
async fn where_mail_is_sent_the_link_is_not_shown() {
    let app = TestApp::on_sqlite_with(keyward_testkit::Outfit::Mailing).await;
    let owner = app.person("first@example.com").await;
    let sent = send(&owner, INVITATIONS, &[("email", "ada@example.com"), ("role", "owner")]).await;
    assert_eq!(leads_to(&sent), INVITATIONS);
    assert!(shown(&owner.get(INVITATIONS).await).contains("Organization Owner"));
    app.finish().await;
}
