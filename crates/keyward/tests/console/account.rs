//! `/account`: name, password, theme, sessions, organization.

use http::Method;
use keyward_testkit::{PASSWORD, TestApp};
use serde_json::json;

use crate::support::{ESCAPED, HOSTILE, between, leads_to, refused, send, shown};

const FIRST: &str = "first@example.com";
const NEW: &str = "staple of another horse";

#[tokio::test]
async fn a_name_is_changed_and_a_wrong_one_stands_at_its_field() {
    let app = TestApp::on_sqlite().await;
    let person = app.person(FIRST).await;
    refused(&send(&person, "/account", &[("name", " ")]).await, 400, &["id=\"name-error\""]);
    assert_eq!(leads_to(&send(&person, "/account", &[("name", HOSTILE)]).await), "/account");
    assert!(shown(&person.get("/account").await).contains(ESCAPED));
    assert_eq!(person.get("/v1/account").await.ok()["user"]["name"], HOSTILE);
    let answer = app.nobody.with_browser().get("/account").await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/login?next=%2Faccount")));
    app.finish().await;
}

#[tokio::test]
async fn a_changed_password_ends_the_other_sessions_and_renews_this_one() {
    let app = TestApp::on_sqlite().await;
    let (person, other) = (app.person(FIRST).await, app.person(FIRST).await);
    let before = person.cookie();
    let change = async |current, new, again| {
        let fields = [("current_password", current), ("new_password", new), ("password_again", again)];
        send(&person, "/account/password", &fields).await
    };
    assert!(shown(&person.get("/account/password").await).contains("name=\"current_password\""));
    refused(&change("wrong", NEW, NEW).await, 403, &["id=\"current_password-error\""]);
    refused(&change(PASSWORD, "short", "short").await, 400, &["id=\"new_password-error\""]);
    let mistyped = change(PASSWORD, NEW, "something else").await;
    refused(&mistyped, 400, &["id=\"password_again-error\""]);
    assert!(!mistyped.text().contains(NEW) && !mistyped.text().contains(PASSWORD));
    assert_eq!(leads_to(&change(PASSWORD, NEW, NEW).await), "/account");
    assert_ne!(person.cookie(), before);
    shown(&person.get("/account").await);
    assert_eq!(other.get("/account").await.status, 303, "signed out");
    app.finish().await;
}

#[tokio::test]
async fn whoever_has_no_password_is_told_how_to_get_one() {
    let app = TestApp::on_sqlite().await;
    let person = app.person(FIRST).await;
    app.execute("DELETE FROM passwords").await;
    for page in ["/account", "/account/password"] {
        assert!(shown(&person.get(page).await).contains("ask an administrator for a link"), "{page}");
    }
    assert!(shown(&person.get("/account/second-factor").await).contains("You have no password"));
    app.finish().await;
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    let app = TestApp::on_sqlite().await;
    let person = app.person(FIRST).await;
    let others = [app.person(FIRST).await, app.person(FIRST).await, app.person(FIRST).await];
    let page = shown(&person.get("/account").await);
    assert_eq!(page.matches("This one").count(), 1);
    assert_eq!(page.matches("/end\" hx-get").count(), 3);
    let last = between(&page, "href=\"/account/sessions/", "/end\"").replace("end-others\" hx-get=\"", "");
    let id = last.rsplit('/').next().unwrap();
    let path = format!("/account/sessions/{id}/end");
    assert!(shown(&person.get(&path).await).contains("must sign in again at once"));
    assert_eq!(leads_to(&send(&person, &path, &[]).await), "/account");
    refused(&send(&person, &path, &[]).await, 404, &["no session with this id"]);
    let stranger = app.person("second@example.com").await;
    let of_stranger = stranger.get("/v1/account").await.ok()["session"]["id"].as_str().unwrap().to_owned();
    refused(&send(&person, &format!("/account/sessions/{of_stranger}/end"), &[]).await, 404, &[]);

    assert!(shown(&person.get("/account/sessions/end-others").await).contains("Sign out everywhere else?"));
    assert_eq!(leads_to(&send(&person, "/account/sessions/end-others", &[]).await), "/account");
    for other in others {
        assert_eq!(other.get("/account").await.status, 303);
    }
    let own = person.get("/v1/account").await.ok()["session"]["id"].as_str().unwrap().to_owned();
    let answer = send(&person, &format!("/account/sessions/{own}/end"), &[]).await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/login")));
    assert!(!person.has_cookie());
    app.finish().await;
}

#[tokio::test]
async fn a_theme_is_kept_by_the_browser() {
    let app = TestApp::on_sqlite().await;
    let person = app.person(FIRST).await;
    let answer = send(&person, "/account/theme", &[("theme", "dark")]).await;
    leads_to(&answer);
    let set = |answer: &keyward_testkit::Answer| {
        let cookies = answer.headers.get_all("set-cookie").iter().map(|set| set.to_str().unwrap().to_owned());
        cookies.into_iter().find(|set| set.starts_with("keyward-theme=")).unwrap()
    };
    assert!(set(&answer).starts_with("keyward-theme=dark;"));
    let page = person.asking(Method::GET, "/login").header("cookie", "keyward-theme=dark");
    assert_eq!(page.send().await.status, 303);
    let page = app.nobody.asking(Method::GET, "/login").header("cookie", "keyward-theme=dark").send().await;
    assert!(shown(&page).contains("data-theme=\"dark\""));
    let system = set(&send(&person, "/account/theme", &[("theme", "x; Domain=evil")]).await);
    assert!(system.starts_with("keyward-theme=; ") && system.contains("Max-Age=0"), "{system}");
    app.finish().await;
}

#[tokio::test]
async fn a_member_of_two_organizations_goes_from_one_to_the_other() {
    let app = TestApp::on_sqlite().await;
    let second = app.organization("Third", FIRST).await;
    let person = app.person(FIRST).await;
    let before = person.cookie();
    let id = second.get("/v1/organization").await.ok()["id"].as_str().unwrap().to_owned();
    let here = person.get("/v1/account").await.ok();
    let there =
        here["organizations"].as_array().unwrap().iter().find(|place| place["id"] != here["organization"]["id"]);
    let there = there.unwrap()["id"].as_str().unwrap().to_owned();
    assert!(there == id || here["organization"]["id"] == json!(id));
    assert!(shown(&person.get("/projects").await).contains("action=\"/account/organization\""));
    let bound_to = async || {
        let form = shown(&person.get("/organization/groups/new").await);
        between(&form, "name=\"bound_to\" value=\"", "\"").to_owned()
    };
    let made_before = bound_to().await;
    assert_eq!(leads_to(&send(&person, "/account/organization", &[("organization_id", &there)]).await), "/projects");
    assert_ne!(person.cookie(), before);
    // A form that stood open in another window would land in the wrong organization.
    let refusal = send(&person, "/organization/groups", &[("name", "Search"), ("bound_to", &made_before)]).await;
    refused(&refusal, 409, &["opened as somebody else, or in another organization", "Nothing was changed"]);
    assert_eq!(person.get("/v1/organization/groups").await.ok()["data"], json!([]));
    let made_here = bound_to().await;
    leads_to(&send(&person, "/organization/groups", &[("name", "Search"), ("bound_to", &made_here)]).await);
    assert_eq!(person.get("/v1/account").await.ok()["organization"]["id"], json!(there));
    let foreign = app.stranger.get("/v1/organization").await.ok()["id"].as_str().unwrap().to_owned();
    for wrong in ["", "x", &foreign] {
        refused(&send(&person, "/account/organization", &[("organization_id", wrong)]).await, 404, &[]);
    }
    app.finish().await;
}

#[tokio::test]
async fn guides_are_there_with_what_pages_link_to() {
    let app = TestApp::on_sqlite().await;
    let person = app.person(FIRST).await;
    let projects = shown(&person.get("/guide/projects").await);
    for part in ["new-integration", "rotate-a-provider-key", "decommission", "incident", "why-projects-cant-be-deleted"]
    {
        assert!(projects.contains(&format!("id=\"{part}\"")) && projects.contains(&format!("#{part}\"")), "{part}");
    }
    let keys = shown(&person.get("/guide/api-keys").await);
    for part in ["Last used", "api_key_disabled", "api_key_expired", "api_key_revoked"] {
        assert!(keys.contains(part), "{part}");
    }
    app.finish().await;
}
