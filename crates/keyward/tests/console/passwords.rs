//! `/forgot` and `/password-reset/{token}`.

use keyward_testkit::{Outfit, PASSWORD, TestApp};
use serde_json::json;

use crate::support::{leads_to, person, refused, send, shown};

const NEW: &str = "staple of another horse";

#[tokio::test]
async fn without_mail_an_administrator_helps() {
    let app = TestApp::on_sqlite().await;
    let visitor = app.nobody.with_browser();
    for page in [visitor.get("/forgot").await, send(&visitor, "/forgot", &[("email", "first@example.com")]).await] {
        assert!(shown(&page).contains("Ask an administrator of your organization for a link"));
    }
    app.finish().await;
}

#[tokio::test]
async fn with_mail_every_address_is_told_the_same() {
    let app = TestApp::on_sqlite_with(Outfit::Mailing).await;
    let visitor = app.nobody.with_browser();
    assert!(shown(&visitor.get("/forgot").await).contains("name=\"email\""));
    refused(&send(&visitor, "/forgot", &[("email", "nobody")]).await, 400, &["id=\"email-error\"", "value=\"nobody\""]);
    let ask = async |email| shown(&send(&visitor, "/forgot", &[("email", email)]).await);
    assert_eq!(ask("nobody@example.com").await, ask("first@example.com").await);
    let link = app.mailbox().next().await.link();
    let path = format!("/password-reset/{}", link.rsplit('/').next().unwrap());
    assert!(shown(&visitor.get(&path).await).contains("first@example.com"));
    app.finish().await;
}

#[tokio::test]
async fn a_link_sets_the_password_once() {
    let app = TestApp::on_sqlite().await;
    let (ada, id) = person(&app, "ada@example.com", "Ada").await;
    let made = app.admin.post(&format!("/v1/organization/users/{id}/password_reset_link"), json!({})).await.ok();
    let path = format!("/password-reset/{}", made["url"].as_str().unwrap().rsplit('/').next().unwrap());
    assert!(shown(&ada.get(&path).await).contains("ada@example.com"));
    let fields = |first, again| [("new_password", first), ("password_again", again)];
    refused(&send(&ada, &path, &fields("short", "short")).await, 400, &["id=\"new_password-error\""]);
    refused(&send(&ada, &path, &fields(NEW, PASSWORD)).await, 400, &["id=\"password_again-error\""]);
    refused(
        &send(&ada, &path, &fields("ada@example.com", "ada@example.com")).await,
        400,
        &["id=\"new_password-error\""],
    );
    assert!(ada.has_cookie());
    assert_eq!(leads_to(&send(&ada, &path, &fields(NEW, NEW)).await), "/login");
    assert!(!ada.has_cookie(), "what the browser holds opens nothing any more");
    let answer = send(&ada, "/login", &[("email", "ada@example.com"), ("password", NEW)]).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    for used in [&*path, "/password-reset/x"] {
        refused(&ada.get(used).await, 404, &["good any more", "href=\"/forgot\""]);
        refused(&send(&ada, used, &fields(PASSWORD, PASSWORD)).await, 404, &["good any more"]);
    }
    app.finish().await;
}

#[tokio::test]
async fn whose_browser_a_link_is_used_in_is_signed_out_too() {
    let app = TestApp::on_sqlite().await;
    let (_, id) = person(&app, "ada@example.com", "Ada").await;
    let (grace, _) = person(&app, "grace@example.com", "Grace").await;
    let made = app.admin.post(&format!("/v1/organization/users/{id}/password_reset_link"), json!({})).await.ok();
    let path = format!("/password-reset/{}", made["url"].as_str().unwrap().rsplit('/').next().unwrap());
    let same_session = app.nobody.with_cookie(grace.cookie());
    same_session.get("/v1/account").await.ok();
    leads_to(&send(&grace, &path, &[("new_password", NEW), ("password_again", NEW)]).await);
    assert_eq!(same_session.get("/v1/account").await.status, 401, "the session of whoever used the browser goes on");
    app.finish().await;
}
