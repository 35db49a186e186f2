//! `/v1/auth/setup`: the first organization of a fresh installation.

use http::Method;
use keyward_domain::{Name, organization::Email, password::Password};
use keyward_service::{
    organization::{CreateOrganization, create},
    setup,
};
use keyward_testkit::TestApp;
use serde_json::{Value, json};

use crate::{
    links::{PASSWORD, SETUP, cookie, token, with_cookie},
    support::{PROJECTS, ids},
};

keyward_testkit::on_both_databases!(on Fresh:
    the_link_makes_the_first_organization_and_its_owner,
    an_admin_key_is_made_if_it_is_asked_for,
    a_newer_link_an_organization_or_a_day_makes_it_useless,
    of_two_at_once_one_wins,
    what_is_refused_leaves_the_link_good,
);

async fn link(app: &TestApp) -> String {
    token(setup::new_link(&app.server.keyward).await.unwrap().unwrap().expose(), "setup")
}

fn body(token: &str) -> Value {
    json!({"token": token, "organization": "Acme", "email": "Ada@example.com", "password": PASSWORD})
}

async fn the_link_makes_the_first_organization_and_its_owner(app: &TestApp) {
    let token = link(app).await;
    let mut asked = body(&token);
    asked["name"] = "Ada Lovelace".into();
    let answer = app.nobody.post(SETUP, asked.clone()).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let cookie = cookie(&answer);
    let done = answer.ok();
    assert_eq!(done["object"], "setup");
    assert!(done.get("admin_key").is_none(), "{done}");
    let user = &done["session"]["user"];
    assert_eq!((&user["email"], &user["name"]), (&json!("ada@example.com"), &json!("Ada Lovelace")));
    assert_eq!(done["session"]["organization_id"], done["organization_id"]);
    let made = with_cookie(app, &cookie, Method::POST, PROJECTS, Some(json!({"name": "First"}))).await;
    made.ok();
    let keys = with_cookie(app, &cookie, Method::GET, "/v1/organization/admin_api_keys", None).await.ok();
    assert_eq!(ids(&keys), Vec::<String>::new());
    app.nobody.post(SETUP, asked).await.assert_error(404, "invalid_link", None);
    assert!(setup::new_link(&app.server.keyward).await.unwrap().is_none());
}

async fn an_admin_key_is_made_if_it_is_asked_for(app: &TestApp) {
    let mut asked = body(&link(app).await);
    asked["create_admin_key"] = true.into();
    let done = app.nobody.post(SETUP, asked).await.ok();
    let key = done["admin_key"].as_str().unwrap();
    app.nobody.with_key(key).get(PROJECTS).await.ok();
}

async fn a_newer_link_an_organization_or_a_day_makes_it_useless(app: &TestApp) {
    let old = link(app).await;
    let late = link(app).await;
    app.nobody.post(SETUP, body(&old)).await.assert_error(404, "invalid_link", None);
    app.clock.advance(24 * 3600);
    app.nobody.post(SETUP, body(&late)).await.assert_error(404, "invalid_link", None);
    let good = link(app).await;
    let command = CreateOrganization {
        name: Name::parse("name", "Made by init").unwrap(),
        owner_email: Email::parse("email", "init@example.com").unwrap(),
        password: Password::parse("password", PASSWORD).unwrap(),
    };
    create(&app.server.keyward, command).await.unwrap();
    app.nobody.post(SETUP, body(&good)).await.assert_error(404, "invalid_link", None);
    app.nobody.post(SETUP, body("x")).await.assert_error(404, "invalid_link", None);
}

async fn of_two_at_once_one_wins(app: &TestApp) {
    let token = link(app).await;
    let mut other = body(&token);
    other["organization"] = "Another".into();
    other["email"] = "bob@example.com".into();
    let (one, other) = tokio::join!(app.nobody.post(SETUP, body(&token)), app.nobody.post(SETUP, other));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 404], "{} {}", one.text(), other.text());
}

async fn what_is_refused_leaves_the_link_good(app: &TestApp) {
    let token = link(app).await;
    for (field, value, code) in [
        ("organization", json!(" "), "invalid_value"),
        ("email", json!("nobody"), "invalid_value"),
        ("password", json!("short"), "invalid_value"),
        ("name", json!("a\nb"), "invalid_value"),
        ("create_admin_key", json!("yes"), "invalid_type"),
        ("role", json!("owner"), "unknown_parameter"),
    ] {
        let mut asked = body(&token);
        asked[field] = value;
        app.nobody.post(SETUP, asked).await.assert_error(400, code, field);
    }
    let asking = app.nobody.asking(Method::POST, SETUP).header("origin", "https://evil.example").json(&body(&token));
    asking.send().await.assert_error(403, "cross_site_request", None);
    app.nobody.post(SETUP, body(&token)).await.ok();
}
