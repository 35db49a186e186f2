//! The data plane as the document describes it: description and gateway agree,
//! both ways.

use std::collections::HashSet;

use http::Method;
use keyward_testkit::{Answer, TestApp};
use serde_json::json;

use crate::document::{Operation, operations};

keyward_testkit::on_both_databases!(
    every_described_call_is_served,
    no_call_is_served_that_is_not_described,
    a_described_call_is_for_project_keys_alone,
);

fn calls() -> Vec<Operation> {
    let calls: Vec<_> =
        operations().into_iter().filter(|operation| operation.described["tags"] == json!(["Data plane"])).collect();
    assert!(calls.len() >= 29, "{calls:?}");
    calls
}

/// A model that the demo provider lists, in a path, and ids that nothing has.
fn path(call: &Operation) -> String {
    let mut path = call.path.replace("{model}", "demo");
    for (id, made) in [("{response_id}", "resp_1"), ("{file_id}", "file-1"), ("{batch_id}", "batch_1")] {
        path = path.replace(id, made);
    }
    path
}

async fn every_described_call_is_served(app: &TestApp) {
    let key = app.key().await;
    for call in calls() {
        let mut asking = key.asking(call.method.clone(), &path(&call));
        if call.method == Method::POST {
            asking = asking.json(&json!({"model": "demo", "max_tokens": 5, "input": "a", "prompt": "a",
                "query": "a", "documents": ["a"], "voice": "a",
                "messages": [{"role": "user", "content": "a"}]}));
        }
        let answer = asking.send().await;
        assert!(is_served(&answer), "{} {}: {}", call.method, call.path, answer.text());
        assert_ne!(answer.status, 405, "{} {}", call.method, call.path);
    }
}

/// Also refusals of the provider count: the address is known.
fn is_served(answer: &Answer) -> bool {
    answer.json["error"]["code"] != "unknown_url"
}

/// Addresses of providers' data planes that Keyward doesn't have yet, and
/// every described one with every other method.
async fn no_call_is_served_that_is_not_described(app: &TestApp) {
    let key = app.key().await;
    let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let described: Vec<_> = calls().iter().map(|call| (call.method.clone(), path(call))).collect();
    let others = [
        "/v1/messages/batches",
        "/v1/complete",
        "/v1/engines",
        "/v1/chat",
        "/v1/assistants",
        "/v1/threads",
        "/v1/fine_tuning/jobs",
        "/v1/vector_stores",
        "/v1/uploads",
        "/v1/realtime",
        "/v1/me",
        "/v1/traces",
    ];
    let mut paths: Vec<_> = described.iter().map(|(_, path)| path.clone()).collect();
    paths.extend(others.iter().map(|path| (*path).to_owned()));
    for path in paths {
        for method in &methods {
            if described.contains(&(method.clone(), path.clone())) {
                continue;
            }
            let answer = key.asking(method.clone(), &path).send().await;
            if described.iter().any(|(_, known)| *known == path) {
                assert_eq!(answer.status, 405, "{method} {path} is served: describe it in crates/api/src/data_plane/");
                let allowed = answer.header("allow").unwrap().split(", ").map(|allowed| allowed.parse().unwrap());
                let known = described.iter().filter(|(_, known)| *known == path).map(|(method, _)| method.clone());
                assert_eq!(allowed.collect::<HashSet<Method>>(), known.collect(), "{path}");
            } else {
                assert!(!is_served(&answer), "{method} {path} is served: describe it in crates/api/src/data_plane/");
            }
        }
    }
}

async fn a_described_call_is_for_project_keys_alone(app: &TestApp) {
    let wrong = app.nobody.with_key(format!("sk-project-{}", "0".repeat(49)));
    for call in calls() {
        for (actor, status, code) in [
            (&app.nobody, 401, "invalid_api_key"),
            (&wrong, 401, "invalid_api_key"),
            (&app.admin, 403, "project_key_required"),
            (&app.stranger, 403, "project_key_required"),
        ] {
            let answer = actor.asking(call.method.clone(), &path(&call)).send().await;
            let found = (answer.status, answer.json["error"]["code"].as_str());
            assert_eq!(found, (status, Some(code)), "{} {}", call.method, call.path);
        }
    }
}
