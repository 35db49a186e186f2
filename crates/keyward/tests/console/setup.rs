//! `/setup`: the way to the first organization.

use keyward_service::setup;
use keyward_testkit::{Outfit, PASSWORD, TestApp};

use crate::support::{ESCAPED, HOSTILE, between, leads_to, refused, send, shown};

async fn link(app: &TestApp) -> String {
    let link = setup::new_link(&app.server.keyward).await.unwrap().unwrap();
    format!("/setup/{}", link.expose().rsplit('/').next().unwrap())
}

const FIELDS: [(&str, &str); 4] =
    [("organization", "Acme"), ("email", "ada@example.com"), ("password", PASSWORD), ("password_again", PASSWORD)];

#[tokio::test]
async fn whoever_opens_a_fresh_installation_is_told_how_to_begin() {
    let app = TestApp::on_sqlite_with(Outfit::Fresh).await;
    let visitor = app.nobody.with_browser();
    for (from, to) in [("/", "/projects"), ("/projects", "/login?next=%2Fprojects"), ("/login", "/setup")] {
        let answer = visitor.get(from).await;
        assert_eq!((answer.status, answer.header("location")), (303, Some(to)), "{from}");
    }
    let page = shown(&visitor.get("/setup").await);
    assert!(page.contains("keyward serve") && page.contains("keyward init"), "{page}");
    refused(&visitor.get("/setup/x").await, 404, &["printed a new one"]);

    let path = link(&app).await;
    leads_to(&send(&visitor, &path, &FIELDS).await);
    assert!(shown(&app.nobody.get("/setup").await).contains("href=\"/login\""));
    for used in [&*path, "/setup/x"] {
        refused(&app.nobody.get(used).await, 404, &["set up already", "href=\"/login\""]);
        refused(&send(&app.nobody.with_browser(), used, &FIELDS).await, 404, &["set up already"]);
    }
    app.finish().await;
}

#[tokio::test]
async fn the_form_makes_the_organization_and_signs_its_owner_in() {
    let app = TestApp::on_sqlite_with(Outfit::Fresh).await;
    let visitor = app.nobody.with_browser();
    let path = link(&app).await;
    let page = shown(&visitor.get(&path).await);
    assert!(page.contains("name=\"create_admin_key\"") && !page.contains("can't sign in at this address"));
    let mut fields = FIELDS;
    fields[0].1 = HOSTILE;
    assert_eq!(leads_to(&send(&visitor, &path, &fields).await), "/projects");
    assert!(visitor.has_cookie());
    assert!(shown(&visitor.get("/projects").await).contains(ESCAPED));
    let account = visitor.get("/v1/account").await.ok();
    assert_eq!((&account["user"]["name"], &account["organization"]["name"]), (&"ada".into(), &HOSTILE.into()));
    app.finish().await;
}

#[tokio::test]
async fn an_admin_key_is_shown_once_if_it_is_asked_for() {
    let app = TestApp::on_sqlite_with(Outfit::Fresh).await;
    let visitor = app.nobody.with_browser();
    let fields = [&FIELDS[..], &[("name", "Ada"), ("create_admin_key", "yes")]].concat();
    let answer = send(&visitor, &link(&app).await, &fields).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let page = shown(&answer);
    let key = between(&page, "<code id=\"secret\">", "</code>");
    app.nobody.with_key(key).get("/v1/organization/projects").await.ok();
    assert!(page.contains("data-unsaved") && page.contains("download=\".env\""));
    assert_eq!(visitor.get("/v1/account").await.ok()["user"]["name"], "Ada");
    app.finish().await;
}

#[tokio::test]
async fn what_is_wrong_stands_at_its_field_and_the_link_stays_good() {
    let app = TestApp::on_sqlite_with(Outfit::Fresh).await;
    let visitor = app.nobody.with_browser();
    let path = link(&app).await;
    for (at, wrong, field) in [
        (0, " ", "organization"),
        (1, "nobody", "email"),
        (2, "short", "password"),
        (3, "another than the first", "password_again"),
    ] {
        let mut fields = FIELDS;
        fields[at].1 = wrong;
        let answer = send(&visitor, &path, &fields).await;
        refused(&answer, 400, &[&format!("id=\"{field}-error\"")]);
        let text = answer.text();
        assert!(text.contains("value=\"Acme\"") || field == "organization", "{text}");
        assert!(!text.contains(PASSWORD), "a password stands in a page");
    }
    let weak = [&FIELDS[..2], &[("password", "ada@example.com"), ("password_again", "ada@example.com")]].concat();
    refused(&send(&visitor, &path, &weak).await, 400, &["id=\"password-error\""]);
    leads_to(&send(&visitor, &path, &FIELDS).await);
    app.finish().await;
}
