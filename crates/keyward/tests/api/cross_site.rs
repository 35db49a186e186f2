//! What a page of another site can make a browser do: nothing. A session comes
//! by a cookie, which browsers send by themselves, so every operation that
//! changes anything must be asked by Keyward's own pages.

use http::Method;
use keyward_testkit::{Actor, Asking, PASSWORD, TestApp};
use serde_json::json;

use crate::{
    document::operations,
    sign_in::SIGN_IN,
    support::{PROJECTS, ids},
};

keyward_testkit::on_both_databases!(
    another_site_changes_nothing_with_a_session,
    another_site_signs_nobody_in_or_out,
    looking_changes_nothing,
);

/// What a browser says of a page that isn't Keyward's.
const FOREIGN: &[&[(&str, &str)]] = &[
    &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")],
    &[("sec-fetch-site", "same-site"), ("origin", "https://other.example")],
    &[("sec-fetch-site", "none")],
    &[("origin", "https://evil.example")],
    &[("origin", "null")],
];

/// A request as that page makes it, with what the browser adds.
fn asking<'a>(
    nobody: &'a Actor,
    method: &Method,
    path: &str,
    cookie: Option<&str>,
    headers: &[(&'static str, &str)],
) -> Asking<'a> {
    let mut asking = nobody.asking(method.clone(), path);
    if let Some(cookie) = cookie {
        asking = asking.header("cookie", &format!("__Host-keyward={cookie}"));
    }
    for (name, value) in headers {
        asking = asking.header(name, value);
    }
    asking
}

async fn another_site_changes_nothing_with_a_session(app: &TestApp) {
    let person = app.person("first@example.com").await;
    let cookie = person.cookie();
    let mut tried = 0;
    for operation in operations() {
        let of_people = ["/v1/organization", "/v1/projects", "/v1/account", "/v1/auth/sign_out"];
        if operation.method == Method::GET || !of_people.iter().any(|part| operation.path.starts_with(part)) {
            continue;
        }
        tried += 1;
        let path = operation.path.replace(['{', '}'], "");
        for headers in FOREIGN.iter().chain([&[][..]].iter()) {
            let asking = asking(&app.nobody, &operation.method, &path, Some(&cookie), headers);
            // Where it comes from is looked at before what it says.
            asking.json(&json!({})).send().await.assert_error(403, "cross_site_request", None);
        }
    }
    assert!(tried > 30, "{tried}");
    assert!(ids(&person.get(PROJECTS).await.ok()).is_empty());
}

async fn another_site_signs_nobody_in_or_out(app: &TestApp) {
    let person = app.person("first@example.com").await;
    let cookie = person.cookie();
    let attackers = json!({"email": "second@example.com", "password": PASSWORD});
    for headers in FOREIGN {
        for cookie in [None, Some(&*cookie)] {
            let answer = asking(&app.nobody, &Method::POST, SIGN_IN, cookie, headers).json(&attackers).send().await;
            answer.assert_error(403, "cross_site_request", None);
            assert_eq!(answer.header("set-cookie"), None);
        }
    }
    // A form can't send JSON, and what it can send isn't taken.
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        let form = app.nobody.asking(Method::POST, SIGN_IN).body(content_type, attackers.to_string());
        form.send().await.assert_error(415, "unsupported_media_type", None);
    }
    // No page of another site is allowed to read what comes back.
    let preflight = app.nobody.asking(Method::OPTIONS, SIGN_IN).header("origin", "https://evil.example");
    let preflight = preflight.header("access-control-request-method", "POST").send().await;
    assert_eq!(preflight.header("access-control-allow-origin"), None);
    assert_eq!(preflight.header("access-control-allow-credentials"), None);
    person.get("/v1/account").await.ok();
}

async fn looking_changes_nothing(app: &TestApp) {
    let person = app.person("first@example.com").await;
    let log = "/v1/organization/audit_logs?limit=100";
    let before = (app.admin.get(log).await.ok(), person.get("/v1/account/sessions").await.ok());
    let cookie = person.cookie();
    for operation in operations() {
        if operation.method == Method::GET && operation.described["tags"] != json!(["Data plane"]) {
            let path = operation.path.replace(['{', '}'], "");
            asking(&app.nobody, &Method::GET, &path, Some(&cookie), FOREIGN[0]).send().await;
        }
    }
    for path in [SIGN_IN, "/v1/auth/sign_out", "/v1/account/organization", "/v1/account/second_factor"] {
        person.get(path).await.assert_error(405, "method_not_allowed", None);
    }
    assert_eq!((app.admin.get(log).await.ok(), person.get("/v1/account/sessions").await.ok()), before);
    assert_eq!(person.cookie(), cookie);
}
