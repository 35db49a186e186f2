//! What tests of several pages share.

use http::Method;
use keyward_testkit::{Actor, Answer, PASSWORD, TestApp};
use serde_json::json;

/// A name that would be a program if it weren't escaped.
pub const HOSTILE: &str = "<img src=x onerror=alert(1)>";
/// The same as a page has it.
pub const ESCAPED: &str = "&#60;img src=x onerror=alert(1)&#62;";

/// Sends a form as a browser does.
pub async fn send(actor: &Actor, path: &str, fields: &[(&str, &str)]) -> Answer {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    actor.asking(Method::POST, path).body("application/x-www-form-urlencoded", body).send().await
}

/// The text of a page that was shown.
#[track_caller]
pub fn shown(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.header("content-type").unwrap().starts_with("text/html"));
    let text = answer.text().into_owned();
    assert!(!text.contains(HOSTILE), "a name isn't escaped");
    text
}

/// Where a form that was taken leads.
#[track_caller]
pub fn leads_to(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert!(answer.headers.get_all("set-cookie").iter().any(|set| set.to_str().unwrap().contains("toast")));
    answer.header("location").unwrap().to_owned()
}

/// The page with a form that was refused: its status, and what stands there.
#[track_caller]
pub fn refused(answer: &Answer, status: u16, holds: &[&str]) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert!(answer.header("content-type").unwrap().starts_with("text/html"));
    for part in holds {
        assert!(answer.text().contains(part), "{part} isn't in {}", answer.text());
    }
}

/// The part of a page between two of its texts.
#[track_caller]
pub fn between<'a>(page: &'a str, start: &str, end: &str) -> &'a str {
    page.split_once(start).and_then(|(_, rest)| rest.split_once(end)).unwrap().0
}

/// Somebody who was invited and came, with their id; they hold nothing further.
pub async fn person(app: &TestApp, email: &str, name: &str) -> (Actor, String) {
    let body = json!({"email": email, "role": "reader"});
    let invited = app.admin.post("/v1/organization/invites", body).await.ok();
    let token = invited["url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let person = app.nobody.with_browser();
    let body = json!({"token": token, "name": name, "password": PASSWORD});
    person.post("/v1/auth/invitations/accept", body).await.ok();
    let id = person.get("/v1/account").await.ok()["user"]["id"].as_str().unwrap().to_owned();
    (person, id)
}

/// Gives a member a built-in role in the project at `path` of the API.
pub async fn give_in(app: &TestApp, project: &str, user: &str, role: keyward_domain::role::BuiltIn) {
    let body = json!({"user_id": user, "role": role.id()});
    app.admin.post(&format!("{project}/users"), body).await.ok();
}

/// A project's page below its settings, from its path in the API.
pub fn manage(project: &str, page: &str) -> String {
    format!("/projects/{}/manage/{page}", project.rsplit('/').next().unwrap())
}

/// Gives a member a built-in role of the organization.
pub async fn give(app: &TestApp, user: &str, role: keyward_domain::role::BuiltIn) {
    let path = format!("/v1/organization/users/{user}/roles");
    app.admin.post(&path, json!({"role_id": role.id()})).await.ok();
}
