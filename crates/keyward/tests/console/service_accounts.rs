//! `/projects/{id}/manage/service-accounts`: service accounts and their keys.

use keyward_domain::role::BuiltIn;
use keyward_testkit::TestApp;
use serde_json::json;

use crate::support::{ESCAPED, HOSTILE, between, give_in, leads_to, manage, person, refused, send, shown};

#[tokio::test]
async fn an_account_is_made_with_a_key_renamed_and_deleted_with_its_keys() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let project = app.project("Mine").await;
    app.admin.post(&format!("{project}/credentials"), json!({"provider": "demo"})).await.ok();
    let list = manage(&project, "service-accounts");
    let empty = shown(&owner.get(&list).await);
    assert!(empty.contains("No service account yet") && empty.contains(&format!("{list}/new")));
    assert!(empty.contains("aria-current=\"page\">Service accounts</a>"), "it is among the tabs");
    let form = shown(&owner.get(&format!("{list}/new")).await);
    assert!(form.contains("name=\"with_key\" value=\"yes\" checked"));
    let wrong = send(&owner, &list, &[("name", " "), ("with_key", "yes"), ("expires", "604800")]).await;
    refused(&wrong, 400, &["id=\"name-error\"", "value=\"604800\" selected"]);
    let wrong = send(&owner, &list, &[("name", "Reports"), ("with_key", "yes"), ("expires", "soon")]).await;
    refused(&wrong, 400, &["id=\"expires-error\"", "value=\"Reports\""]);

    let made = send(&owner, &list, &[("name", HOSTILE), ("with_key", "yes"), ("expires", "604800")]).await;
    let revealed = shown(&made);
    let secret = between(&revealed, "<code id=\"secret\">", "</code>").to_owned();
    assert!(secret.starts_with("sk-project-") && revealed.contains("it will not be shown again"));
    let accounts = app.admin.get(&format!("{project}/service_accounts")).await.ok();
    let id = accounts["data"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(accounts["data"][0]["name"], HOSTILE);
    let page = format!("{list}/{id}");
    assert!(revealed.contains(&format!("<a class=\"button button-primary\" href=\"{page}\">Done</a>")));

    let listed = shown(&owner.get(&list).await);
    assert!(listed.contains(ESCAPED) && listed.contains(&id) && listed.contains(">Member<"));
    let shows = shown(&owner.get(&page).await);
    assert!(shows.contains(ESCAPED) && shows.contains("in 7 days") && !shows.contains(&secret));
    let key = app.admin.get(&format!("{project}/api_keys")).await.ok()["data"][0].clone();
    assert_eq!(key["owner"]["type"], "service_account");
    let key_page = format!("/projects/{}/api-keys", project.rsplit('/').next().unwrap());
    for path in [key_page.clone(), format!("{key_page}/{}", key["id"].as_str().unwrap())] {
        let link = format!("<a href=\"{page}\">{ESCAPED} (service account)</a>");
        assert!(shown(&owner.get(&path).await).contains(&link), "{path}");
    }

    refused(&send(&owner, &page, &[("name", "")]).await, 400, &["id=\"name-error\""]);
    assert_eq!(leads_to(&send(&owner, &page, &[("name", "Reports")]).await), page);
    let ask = shown(&owner.get(&format!("{page}/delete")).await);
    assert!(ask.contains("Delete the service account Reports?") && ask.contains("revoked at once"));
    refused(&send(&owner, &format!("{page}/delete"), &[("typed", "reports")]).await, 400, &["This isn&#39;t the name"]);
    let program = app.nobody.with_key(&*secret);
    program.get("/v1/models").await.ok();
    assert_eq!(leads_to(&send(&owner, &format!("{page}/delete"), &[("typed", "Reports")]).await), list);
    program.get("/v1/models").await.assert_error(401, "api_key_revoked", None);
    assert_eq!(owner.get(&page).await.status, 404);
    let keys = shown(&owner.get(&key_page).await);
    assert!(keys.contains("Reports (service account)") && !keys.contains(&page), "its page is gone");
    app.finish().await;
}

#[tokio::test]
async fn an_account_gets_further_keys_and_shows_none_but_its_own() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let project = app.project("Mine").await;
    app.key_of(&project, "Somebody's own").await;
    let list = manage(&project, "service-accounts");
    let page = leads_to(&send(&owner, &list, &[("name", "Reports")]).await);
    assert!(page.starts_with(&list), "no key was wanted: nothing is shown once");
    let shows = shown(&owner.get(&page).await);
    assert!(shows.contains("No API key belongs to this service account") && !shows.contains("Somebody"));
    let form = shown(&owner.get(&format!("{page}/api-keys")).await);
    assert!(form.contains("belongs to the service account Reports") && form.contains("value=\"llm:invoke\""));
    let taken = [("name", "Somebody's own"), ("expires", ""), ("scopes", "llm:invoke")];
    let refusal = send(&owner, &format!("{page}/api-keys"), &taken).await;
    refused(&refusal, 409, &["id=\"name-error\"", "value=\"llm:invoke\" checked"]);
    let fields = [("name", HOSTILE), ("expires", ""), ("scopes", "llm:invoke")];
    let revealed = shown(&send(&owner, &format!("{page}/api-keys"), &fields).await);
    assert!(between(&revealed, "<code id=\"secret\">", "</code>").starts_with("sk-project-"));
    let shows = shown(&owner.get(&page).await);
    assert!(shows.contains(ESCAPED) && !shows.contains("Somebody"));
    let key = app.admin.get(&format!("{project}/api_keys?search=onerror")).await.ok()["data"][0].clone();
    assert_eq!(key["scopes"], json!(["llm:invoke"]));

    // Of an inactive project no key is made; accounts are.
    app.admin.post(&format!("{project}/archive"), json!({})).await.ok();
    assert!(!shown(&owner.get(&page).await).contains(&format!("\"{page}/api-keys\"")));
    assert!(shown(&owner.get(&format!("{page}/api-keys")).await).contains("Cannot generate API keys"));
    assert!(!shown(&owner.get(&format!("{list}/new")).await).contains("name=\"with_key\""));
    let late = send(&owner, &format!("{page}/api-keys"), &[("name", "Late"), ("expires", "")]).await;
    refused(&late, 403, &["Cannot generate API keys for an inactive project"]);
    leads_to(&send(&owner, &list, &[("name", "Later")]).await);
    app.finish().await;
}

#[tokio::test]
async fn who_only_reads_sees_accounts_and_no_forms() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let project = app.project("Mine").await;
    let list = manage(&project, "service-accounts");
    let page = leads_to(&send(&owner, &list, &[("name", "Reports")]).await);
    let (viewer, id) = person(&app, "viewer@example.com", "Vera").await;
    assert_eq!(viewer.get(&list).await.status, 404);
    give_in(&app, &project, &id, BuiltIn::ProjectViewer).await;
    for path in [&list, &page] {
        let shows = shown(&viewer.get(path).await);
        assert!(shows.contains("Reports"));
        for absent in ["/new\"", "/api-keys\" data-main", "/delete", "name=\"name\""] {
            assert!(!shows.contains(absent), "{absent} in {path}");
        }
    }
    refused(&viewer.get(&format!("{list}/new")).await, 403, &["service_accounts:manage"]);
    refused(&viewer.get(&format!("{page}/api-keys")).await, 403, &["service_accounts:manage"]);
    refused(&send(&viewer, &list, &[("name", "Mine")]).await, 403, &["service_accounts:manage"]);
    refused(&send(&viewer, &page, &[("name", "Mine")]).await, 403, &["service_accounts:manage"]);
    refused(
        &send(&viewer, &format!("{page}/delete"), &[("typed", "Reports")]).await,
        403,
        &["service_accounts:manage"],
    );
    let other = app.project("Another").await;
    let id = page.rsplit('/').next().unwrap();
    assert_eq!(owner.get(&manage(&other, &format!("service-accounts/{id}"))).await.status, 404);
    assert_eq!(app.person("second@example.com").await.get(&page).await.status, 404);
    app.finish().await;
}
