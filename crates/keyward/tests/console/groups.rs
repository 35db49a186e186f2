//! `/organization/groups`: groups, who is in them, what they hold.

use keyward_domain::role::BuiltIn;
use keyward_testkit::TestApp;

use crate::support::{ESCAPED, HOSTILE, give, leads_to, person, refused, send, shown};

const GROUPS: &str = "/organization/groups";

#[tokio::test]
async fn a_group_is_made_renamed_filled_and_deleted() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    assert!(shown(&owner.get(GROUPS).await).contains("No group yet"));
    refused(&send(&owner, GROUPS, &[("name", " ")]).await, 400, &["id=\"name-error\""]);
    let page = leads_to(&send(&owner, GROUPS, &[("name", HOSTILE)]).await);
    assert!(page.starts_with(&format!("{GROUPS}/group_")), "{page}");
    assert!(shown(&owner.get(GROUPS).await).contains(ESCAPED));
    refused(&send(&owner, GROUPS, &[("name", HOSTILE)]).await, 409, &["id=\"name-error\"", ESCAPED]);
    assert_eq!(leads_to(&send(&owner, &page, &[("name", "Staff")]).await), page);
    refused(&send(&owner, &page, &[("name", "")]).await, 400, &["id=\"name-error\"", "<h1>Staff"]);

    let (_, ada) = person(&app, "ada@example.com", "Ada").await;
    let members = format!("{page}/members");
    refused(&send(&owner, &members, &[("email", "x")]).await, 400, &["id=\"email-error\"", "value=\"x\""]);
    let unknown = send(&owner, &members, &[("email", "second@example.com")]).await;
    refused(&unknown, 400, &["No member of the organization has this address"]);
    assert_eq!(leads_to(&send(&owner, &members, &[("email", "Ada@example.com ")]).await), page);
    let shows = shown(&owner.get(&page).await);
    assert!(shows.contains("Take out") && shows.contains("ada@example.com"));
    assert!(shows.contains("<option value=\"first@example.com\">"), "who may be put in is suggested");

    let auditor = BuiltIn::OrganizationAuditor.id().to_string();
    let owners = BuiltIn::OrganizationOwner.id().to_string();
    assert!(!shows.contains(&owners), "only people can be owners");
    refused(&send(&owner, &format!("{page}/roles"), &[("role_id", &owners)]).await, 400, &["Only people"]);
    assert_eq!(leads_to(&send(&owner, &format!("{page}/roles"), &[("role_id", &auditor)]).await), page);
    let held = app.admin.get(&format!("/v1/organization/users/{ada}/roles")).await.ok();
    assert!(held.to_string().contains("Organization Auditor"));
    assert!(shown(&owner.get(&format!("{page}/roles/{auditor}/unassign")).await).contains("from Staff?"));
    assert_eq!(leads_to(&send(&owner, &format!("{page}/roles/{auditor}/unassign"), &[]).await), page);

    assert!(shown(&owner.get(&format!("{members}/{ada}/remove")).await).contains("Take Ada out of Staff?"));
    assert_eq!(leads_to(&send(&owner, &format!("{members}/{ada}/remove"), &[]).await), page);
    assert!(shown(&owner.get(&page).await).contains("Nobody is in this group yet"));
    assert_eq!(send(&owner, &format!("{members}/{ada}/remove"), &[]).await.status, 404);

    refused(&send(&owner, &format!("{page}/delete"), &[("typed", "staff")]).await, 400, &["This isn&#39;t the name"]);
    assert_eq!(leads_to(&send(&owner, &format!("{page}/delete"), &[("typed", "Staff")]).await), GROUPS);
    assert_eq!(owner.get(&page).await.status, 404);
    app.finish().await;
}

#[tokio::test]
async fn who_only_reads_groups_sees_no_forms() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let page = leads_to(&send(&owner, GROUPS, &[("name", "Staff")]).await);
    let (auditor, id) = person(&app, "auditor@example.com", "Auditor").await;
    assert_eq!(auditor.get(GROUPS).await.status, 403);
    give(&app, &id, BuiltIn::OrganizationAuditor).await;
    let shows = shown(&auditor.get(&page).await);
    for absent in ["name=\"email\"", "name=\"role_id\"", "/delete", "Rename"] {
        assert!(!shows.contains(absent), "{absent}");
    }
    assert!(!shown(&auditor.get(GROUPS).await).contains("groups/new"));
    refused(&send(&auditor, &page, &[("name", "Mine")]).await, 403, &["groups:manage"]);
    let stranger = app.person("second@example.com").await;
    assert_eq!(stranger.get(&page).await.status, 404);
    app.finish().await;
}
