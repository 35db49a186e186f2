//! `/invitation/{token}`: described, accepted, declined.

use keyward_testkit::{Actor, PASSWORD, TestApp};
use serde_json::json;

use crate::{
    second_factor::{App, turn_on},
    support::{ESCAPED, HOSTILE, leads_to, person, refused, send, shown},
};

async fn invite(actor: &Actor, email: &str, role: &str) -> String {
    let made = actor.post("/v1/organization/invites", json!({"email": email, "role": role})).await.ok();
    format!("/invitation/{}", made["url"].as_str().unwrap().rsplit('/').next().unwrap())
}

const NEW: [(&str, &str); 3] = [("name", "Ada"), ("password", PASSWORD), ("password_again", PASSWORD)];

#[tokio::test]
async fn a_new_person_makes_their_account_and_is_in() {
    let app = TestApp::on_sqlite().await;
    app.organization(HOSTILE, "owner@example.com").await;
    let owner = app.person("owner@example.com").await;
    let link = invite(&owner, "ada@example.com", "owner").await;
    let ada = app.nobody.with_browser();
    let page = shown(&ada.get(&link).await);
    for part in [ESCAPED, "ada@example.com", "<dd>owner</dd>", "in 7 days", "name=\"password_again\""] {
        assert!(page.contains(part), "{part} isn't in {page}");
    }
    for (at, wrong, field) in [(0, " ", "name"), (1, "short", "password"), (2, "another", "password_again")] {
        let mut fields = NEW;
        fields[at].1 = wrong;
        refused(&send(&ada, &link, &fields).await, 400, &[&format!("id=\"{field}-error\"")]);
    }
    assert_eq!(leads_to(&send(&ada, &link, &NEW).await), "/projects");
    assert_eq!(ada.get("/v1/account").await.ok()["organization"]["name"], HOSTILE);
    for link in [&*link, "/invitation/x"] {
        refused(&ada.get(link).await, 404, &["good any more", "href=\"/login\""]);
        refused(&send(&ada, link, &NEW).await, 404, &["good any more"]);
        refused(&send(&ada, &format!("{link}/decline"), &[]).await, 404, &["good any more"]);
    }
    app.finish().await;
}

#[tokio::test]
async fn whoever_has_an_account_shows_its_password_or_is_signed_in() {
    let app = TestApp::on_sqlite().await;
    let link = invite(&app.stranger, "first@example.com", "reader").await;
    let browser = app.nobody.with_browser();
    let page = shown(&browser.get(&link).await);
    assert!(page.contains("name=\"password\"") && !page.contains("name=\"name\""), "{page}");
    let wrong = send(&browser, &link, &[("password", "not the password")]).await;
    refused(&wrong, 403, &["id=\"password-error\"", "isn&#39;t the password"]);
    assert_eq!(leads_to(&send(&browser, &link, &[("password", PASSWORD)]).await), "/projects");
    assert_eq!(browser.get("/v1/account").await.ok()["organization"]["name"], "Second");

    let (ada, _) = person(&app, "ada@example.com", "Ada").await;
    let link = invite(&app.stranger, "ada@example.com", "reader").await;
    let page = shown(&ada.get(&link).await);
    assert!(!page.contains("name=\"password\""), "{page}");
    assert_eq!(leads_to(&send(&ada, &link, &[]).await), "/projects");
    assert_eq!(ada.get("/v1/account").await.ok()["organization"]["name"], "Second");
    app.finish().await;
}

#[tokio::test]
async fn whoever_is_signed_in_as_somebody_else_signs_out_and_comes_back() {
    let app = TestApp::on_sqlite().await;
    let link = invite(&app.stranger, "ada@example.com", "reader").await;
    let first = app.person("first@example.com").await;
    let page = shown(&first.get(&link).await);
    assert!(page.contains("signed in as <strong>first@example.com"), "{page}");
    refused(&send(&first, &link, &NEW).await, 403, &["signed in as <strong>first@example.com"]);
    let answer = send(&first, &format!("{link}/sign-out"), &[]).await;
    assert_eq!((answer.status, answer.header("location")), (303, Some(&*link)));
    assert!(!first.has_cookie());
    leads_to(&send(&first, &link, &NEW).await);
    app.finish().await;
}

#[tokio::test]
async fn whoever_has_a_second_factor_signs_in_first_and_comes_back() {
    let app = TestApp::on_sqlite().await;
    let phone = turn_on(&app, &app.person("first@example.com").await).await;
    let link = invite(&app.stranger, "first@example.com", "reader").await;
    let browser = app.nobody.with_browser();
    refused(&send(&browser, &link, &[("password", PASSWORD)]).await, 403, &["sign in with it first"]);
    let page = shown(&browser.get(&format!("{link}/sign-in")).await);
    assert!(page.contains(&format!("name=\"next\" value=\"{link}\"")), "{page}");
    let code = App::code(&phone, &app, 60);
    let fields = [("email", "first@example.com"), ("password", PASSWORD), ("code", &*code), ("next", &*link)];
    app.clock.advance(60);
    let answer = send(&browser, "/login", &fields).await;
    assert_eq!((answer.status, answer.header("location")), (303, Some(&*link)));
    leads_to(&send(&browser, &link, &[]).await);
    app.finish().await;
}

#[tokio::test]
async fn an_invitation_is_declined_after_a_question() {
    let app = TestApp::on_sqlite().await;
    let link = invite(&app.admin, "ada@example.com", "reader").await;
    let ada = app.nobody.with_browser();
    assert!(shown(&ada.get(&format!("{link}/decline")).await).contains("Decline the invitation to First?"));
    shown(&ada.get(&link).await);
    assert!(shown(&send(&ada, &format!("{link}/decline"), &[]).await).contains("You have declined"));
    refused(&ada.get(&link).await, 404, &["good any more"]);
    app.finish().await;
}

#[tokio::test]
async fn where_single_sign_on_is_required_it_is_the_next_step() {
    let app = TestApp::on_sqlite().await;
    let link = invite(&app.admin, "ada@example.com", "reader").await;
    app.execute("UPDATE organizations SET sso_required = 1").await;
    let ada = app.nobody.with_browser();
    assert!(shown(&ada.get(&link).await).contains("sign in by single sign-on"));
    let page = shown(&send(&ada, &link, &NEW).await);
    assert!(page.contains("You are a member of First") && !ada.has_cookie(), "{page}");
    app.finish().await;
}
