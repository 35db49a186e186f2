//! `/organization/usage/decisions`, `/projects/{id}/usage/decisions`: a request is looked up by
//! its id.

use keyward_domain::role::BuiltIn;
use keyward_testkit::TestApp;
use serde_json::json;

use crate::support::{ESCAPED, HOSTILE, give_in, person, refused, shown};

const PAGE: &str = "/organization/usage/decisions";

fn page_of(project: &str) -> String {
    format!("/projects/{}", project.rsplit('/').next().unwrap())
}

/// The id of a call that a limit refuses, and its project.
async fn refused_call(app: &TestApp, name: &str) -> (String, String) {
    let project = app.project(name).await;
    app.admin.post(&format!("{project}/credentials"), json!({"provider": "demo"})).await.ok();
    app.admin.post(&format!("{project}/limits"), json!({"model": "demo*", "requests_per_minute": 1})).await.ok();
    app.admin.post(&format!("{project}/budgets"), json!({"amount": "5", "mode": "balanced"})).await.ok();
    let key = app.key_of(&project, "Worker").await;
    let body = json!({"model": "demo-small", "messages": [{"role": "user", "content": "Hello there"}]});
    key.post("/v1/chat/completions", body.clone()).await.ok();
    let answer = key.post("/v1/chat/completions", body).await;
    assert_eq!(answer.status, 429);
    (project, answer.header("x-request-id").unwrap().to_owned())
}

#[tokio::test]
async fn a_request_is_looked_up_by_its_id() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let empty = shown(&owner.get(PAGE).await);
    assert!(empty.contains("Look up a request") && !empty.contains("Nothing is known"));
    assert!(empty.contains("href=\"/organization/usage\" aria-current=\"page\""), "{empty}");
    assert!(shown(&owner.get("/organization/usage").await).contains("href=\"/organization/usage/decisions\""));
    let (project, request) = refused_call(&app, HOSTILE).await;
    let page = shown(&owner.get(&format!("{PAGE}?request_id={request}")).await);
    let parts = [
        "Refused",
        "with status 429",
        "Check 9: rate limits",
        "rate_limit_exceeded",
        "POST /v1/chat/completions",
        "Model demo*",
        "Requests a minute",
        "demo-small",
        ESCAPED,
        "Worker",
        &request,
    ];
    for part in parts {
        assert!(page.contains(part), "{part} isn't in {page}");
    }
    let own = format!("{}/usage/decisions?request_id={request}", page_of(&project));
    assert!(shown(&owner.get(&own).await).contains("Check 9: rate limits"));
    app.finish().await;
}

#[tokio::test]
async fn what_is_not_known_is_said_beside_what_was_typed() {
    let app = TestApp::on_sqlite().await;
    let owner = app.person("first@example.com").await;
    let (_, request) = refused_call(&app, "One").await;
    let other = app.project("Two").await;
    for (path, typed) in [
        (PAGE.to_owned(), "req_00000000000000000000000000000000"),
        (PAGE.to_owned(), "<script>"),
        (format!("{}/usage/decisions", page_of(&other)), &*request),
    ] {
        let page =
            shown(&owner.get(&format!("{path}?request_id={}", typed.replace('<', "%3C").replace('>', "%3E"))).await);
        assert!(page.contains("Nothing is known of this request"), "{page}");
        assert!(page.contains(&format!("value=\"{}\"", typed.replace('<', "&#60;").replace('>', "&#62;"))), "{page}");
    }
    app.finish().await;
}

#[tokio::test]
async fn who_may_not_read_usage_looks_nothing_up() {
    let app = TestApp::on_sqlite().await;
    let (ada, id) = person(&app, "ada@example.com", "Ada").await;
    let (one, request) = refused_call(&app, "One").await;
    refused(&ada.get(&format!("{PAGE}?request_id={request}")).await, 403, &["usage:read"]);
    give_in(&app, &one, &id, BuiltIn::ProjectAdmin).await;
    refused(&ada.get(PAGE).await, 403, &["usage:read"]);
    let own = shown(&ada.get(&format!("{}/usage/decisions?request_id={request}", page_of(&one))).await);
    assert!(own.contains("Check 9: rate limits"));
    app.finish().await;
}
