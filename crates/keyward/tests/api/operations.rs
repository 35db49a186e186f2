//! `/healthz`, `/readyz`, `/openapi.json`, and addresses that don't exist.

use http::Method;
use keyward_testkit::TestApp;
use serde_json::json;

use crate::support::PROJECTS;

keyward_testkit::on_both_databases!(
    anybody_may_ask_whether_it_lives_and_can_serve,
    the_document_is_served_as_the_code_says,
    an_address_that_does_not_exist_is_told_to_those_who_may_come_in,
    a_method_that_does_not_exist_names_those_that_do,
    every_answer_carries_an_id_and_echoes_the_callers,
);

async fn anybody_may_ask_whether_it_lives_and_can_serve(app: &TestApp) {
    for path in ["/healthz", "/readyz"] {
        assert_eq!(app.nobody.get(path).await.ok(), json!({"status": "ok"}), "{path}");
    }
}

async fn the_document_is_served_as_the_code_says(app: &TestApp) {
    let served = app.nobody.get("/openapi.json").await.ok();
    assert_eq!(served, serde_json::to_value(keyward_api::document()).unwrap());
    assert_eq!(served["openapi"], "3.1.0");
}

async fn an_address_that_does_not_exist_is_told_to_those_who_may_come_in(app: &TestApp) {
    for path in ["/v1/organization/nothing", "/v1/organization/", "/v1/projects/x/users", "/v1/organization/projects/"]
    {
        app.nobody.get(path).await.assert_error(401, "invalid_api_key", None);
        app.admin.get(path).await.assert_error(404, "unknown_url", None);
    }
    app.nobody.get("/nothing").await.assert_error(404, "unknown_url", None);
}

async fn a_method_that_does_not_exist_names_those_that_do(app: &TestApp) {
    for method in [Method::PUT, Method::PATCH, Method::DELETE] {
        app.nobody.asking(method.clone(), PROJECTS).send().await.assert_error(401, "invalid_api_key", None);
        let refused = app.admin.asking(method, PROJECTS).send().await;
        refused.assert_error(405, "method_not_allowed", None);
        let allowed = refused.header("allow").unwrap();
        assert!(allowed.contains("GET") && allowed.contains("POST"), "{allowed}");
    }
}

async fn every_answer_carries_an_id_and_echoes_the_callers(app: &TestApp) {
    let ask = |id: &str| {
        let asking = app.admin.asking(Method::GET, PROJECTS).header("x-client-request-id", id);
        async move { asking.send().await }
    };
    let (first, second) = (ask("mine-1").await, ask("mine-1").await);
    assert_ne!(first.header("x-request-id").unwrap(), second.header("x-request-id").unwrap());
    assert!(first.header("x-request-id").unwrap().starts_with("req_"));
    assert_eq!(first.header("x-client-request-id"), Some("mine-1"));
    assert_eq!(ask(&"x".repeat(513)).await.header("x-client-request-id"), None);
}
