//! What tests of links share; and that no link is anywhere but where it is
//! handed over.

use http::Method;
use keyward_testkit::{Actor, Answer, TestApp};
use serde_json::{Value, json};

use crate::{
    secrets::{Logs, check_files, files, holds},
    support::id,
};

pub const INVITES: &str = "/v1/organization/invites";
pub const ACCEPT: &str = "/v1/auth/invitations/accept";
pub const DECLINE: &str = "/v1/auth/invitations/decline";
pub const DESCRIBE: &str = "/v1/auth/invitations/describe";
pub const RESET: &str = "/v1/auth/password_reset";
pub const COMPLETE: &str = "/v1/auth/password_reset/complete";
pub const SETUP: &str = "/v1/auth/setup";

pub const PASSWORD: &str = "correct horse battery";
pub const NEW_PASSWORD: &str = "staple of another horse";

/// The token at the end of a link, which leads to that page of this Keyward.
#[track_caller]
pub fn token(link: &str, page: &str) -> String {
    let (front, token) = link.rsplit_once('/').unwrap();
    assert!(front.starts_with("http://127.0.0.1:") && front.ends_with(&format!("/{page}")), "{link}");
    assert!(token.len() == 43 && token.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{link}");
    token.to_owned()
}

/// Invites somebody as a reader; answers the invitation's id and its token.
pub async fn invite(actor: &Actor, email: &str) -> (String, String) {
    let made = actor.post(INVITES, json!({"email": email, "role": "reader"})).await.ok();
    (id(&made), token(made["url"].as_str().unwrap(), "invitation"))
}

/// What an answer put into the browser's jar, as it is sent back.
#[track_caller]
pub fn cookie(answer: &Answer) -> String {
    let set = answer.header("set-cookie").unwrap();
    assert!(set.ends_with("; Secure; HttpOnly; SameSite=Lax"), "{set}");
    set.split(';').next().unwrap().to_owned()
}

/// A request of Keyward's own page with that cookie.
pub async fn with_cookie(app: &TestApp, cookie: &str, method: Method, path: &str, body: Option<Value>) -> Answer {
    let asking = app.nobody.asking(method, path).header("cookie", cookie).header("sec-fetch-site", "same-origin");
    match body {
        Some(body) => asking.json(&body).send().await,
        None => asking.send().await,
    }
}

/// Accepts as a new person; answers the session's cookie.
pub async fn join(app: &TestApp, token: &str, name: &str) -> String {
    let body = json!({"token": token, "name": name, "password": PASSWORD});
    let answer = app.nobody.post(ACCEPT, body).await;
    answer.clone().ok();
    cookie(&answer)
}

/// The id of the user of an organization's first admin key.
pub async fn owner_id(actor: &Actor) -> String {
    let keys = actor.get("/v1/organization/admin_api_keys").await.ok();
    keys["data"][0]["owner"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn no_link_is_anywhere_but_where_it_is_handed_over() {
    let logs = Logs::start();
    let app = TestApp::on_sqlite().await;
    let mut secrets = vec![PASSWORD.to_owned(), NEW_PASSWORD.to_owned()];
    let (invitation, first) = invite(&app.admin, "ada@example.com").await;
    let resent = app.admin.post(&format!("{INVITES}/{invitation}/resend"), json!({})).await.ok();
    let second = token(resent["url"].as_str().unwrap(), "invitation");
    app.nobody.post(DESCRIBE, json!({"token": second})).await.ok();
    app.nobody.post(DESCRIBE, json!({"token": {"is": second}})).await.assert_error(400, "invalid_type", "token");
    app.nobody.post(DESCRIBE, json!({"token": first})).await.assert_error(404, "invalid_link", None);
    join(&app, &second, "Ada").await;
    let user = owner_id(&app.admin).await;
    let made = app.admin.post(&format!("/v1/organization/users/{user}/password_reset_link"), json!({})).await.ok();
    let third = token(made["url"].as_str().unwrap(), "password-reset");
    app.nobody.post(COMPLETE, json!({"token": third, "new_password": NEW_PASSWORD})).await.ok();
    app.admin.get("/v1/organization/audit_logs?limit=100").await.ok();
    app.admin.get(INVITES).await.ok();

    secrets.extend([first, second, third]);
    for secret in &secrets {
        let shown = app.answers().iter().filter(|answer| holds(&answer.body, secret)).count();
        let once = usize::from(secret.len() == 43);
        assert_eq!(shown, once, "{secret}");
    }
    check_files(&files(app.data_dir()), &secrets);
    app.finish().await;
    for secret in &secrets {
        assert!(!holds(&logs.text(), secret), "{secret} is in a log");
    }
}
