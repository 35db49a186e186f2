//! Every operation of the document, asked by whoever must not be answered. A
//! new route is here by itself; one that anybody may ask must be named.

use std::collections::BTreeMap;

use keyward_testkit::{Actor, Answer, TestApp};
use serde_json::{Value, json};

use crate::{
    document::{Operation, administration, operations},
    links::INVITES,
    support::{PROJECTS, id},
};

keyward_testkit::on_both_databases!(
    nobody_and_keys_that_are_none_learn_nothing,
    a_projects_key_administers_nothing,
    what_another_organization_has_is_not_found_and_stays_as_it_is,
    every_described_address_is_served,
);

/// What anybody may ask.
const PUBLIC: &[&str] = &["/healthz", "/readyz", "/openapi.json"];

/// What isn't administration and has a test file of its own.
fn is_data_plane(operation: &Operation) -> bool {
    operation.described["tags"] == json!(["Data plane"])
}

/// What people ask who aren't signed in yet: each has a test file of its own.
fn is_for_strangers(operation: &Operation) -> bool {
    operation.path.starts_with("/v1/auth/")
}

pub async fn ask(actor: &Actor, operation: &Operation, path: &str) -> Answer {
    let asking = actor.asking(operation.method.clone(), path);
    match operation.least_body() {
        Some(body) => asking.json(&body).send().await,
        None => asking.send().await,
    }
}

/// One of everything in the first organization, by collection.
pub async fn one_of_everything(app: &TestApp) -> BTreeMap<&'static str, String> {
    let project = app.project("Project").await;
    let project_id = project.rsplit('/').next().unwrap();
    let make = async |path: &str, body: Value| id(&app.admin.post(path, body).await.ok());
    let holds = |name: &str| json!({"role_name": name, "permissions": ["project:read"]});
    let role = make("/v1/organization/roles", holds("Role")).await;
    let project_role = make(&format!("/v1/projects/{project_id}/roles"), holds("Role")).await;
    let group = make("/v1/organization/groups", json!({"name": "Group"})).await;
    let user = app.member("member@example.com").await.id;
    app.admin.post(&format!("/v1/organization/groups/{group}/users"), json!({"user_id": user})).await.ok();
    for holder in [format!("users/{user}"), format!("groups/{group}")] {
        app.admin.post(&format!("/v1/organization/{holder}/roles"), json!({"role_id": role})).await.ok();
        let path = format!("/v1/projects/{project_id}/{holder}/roles");
        app.admin.post(&path, json!({"role_id": project_role})).await.ok();
    }
    // It can't be reached, and nothing that is asked here asks it well.
    let sso = json!({"name": "Provider", "issuer": "http://127.0.0.1:9", "client_id": "keyward"});
    let sso_provider = make("/v1/organization/sso_providers", sso).await;
    let limit = json!({"model": "gpt-4o", "requests_per_minute": 1000});
    let limit = make(&format!("{project}/limits"), limit).await;
    let budget = || json!({"amount": "1000000"});
    let alert = || {
        json!({"threshold_amount": 100, "currency": "USD", "interval": "month",
        "notification_channel": {"type": "email", "recipients": ["ada@example.com"]}})
    };
    let alias = json!({"name": "smart", "targets": [{"model": "gpt-4o"}]});
    let price = json!({"model": "m", "input_per_million": "1", "output_per_million": "1"});
    let called = app.key_of(&project, "Caller").await.get("/v1/models").await;
    BTreeMap::from([
        ("budgets", make(&format!("{project}/budgets"), budget()).await),
        ("organization/budgets", make("/v1/organization/budgets", budget()).await),
        ("decisions", called.header("x-request-id").unwrap().to_owned()),
        ("spend_alerts", make(&format!("{project}/spend_alerts"), alert()).await),
        ("organization/spend_alerts", make("/v1/organization/spend_alerts", alert()).await),
        ("limits", limit.clone()),
        ("model_aliases", make(&format!("{project}/model_aliases"), alias).await),
        ("rate_limits", limit),
        ("sessions", "sess_00000000000000000000000000000000".to_owned()),
        ("users", user),
        ("groups", group),
        ("roles", role),
        ("v1/projects/{project_id}/roles", project_role.clone()),
        ("v1/projects/{project_id}/users/{user_id}/roles", project_role.clone()),
        ("v1/projects/{project_id}/groups/{group_id}/roles", project_role),
        ("projects", project.rsplit('/').next().unwrap().to_owned()),
        ("api_keys", make(&format!("{project}/api_keys"), json!({"name": "Key"})).await),
        ("service_accounts", make(&format!("{project}/service_accounts"), json!({"name": "Bot"})).await),
        ("credentials", make(&format!("{project}/credentials"), json!({"provider": "demo"})).await),
        ("organization/credentials", make("/v1/organization/credentials", json!({"provider": "demo"})).await),
        ("admin_api_keys", make("/v1/organization/admin_api_keys", json!({"name": "Key"})).await),
        ("invites", make(INVITES, json!({"email": "one@example.com", "role": "reader"})).await),
        ("prices", make("/v1/organization/prices", price).await),
        ("sso_providers", sso_provider.clone()),
        ("auth/sso", sso_provider),
        ("sso/callback", id(&app.admin.get("/v1/organization").await.ok())),
    ])
}

async fn nobody_and_keys_that_are_none_learn_nothing(app: &TestApp) {
    let ids = one_of_everything(app).await;
    let key = app.admin.key().unwrap();
    let flipped = key.replace(&key[20..21], if &key[20..21] == "x" { "y" } else { "x" });
    let mut wrong = vec![app.nobody.clone()];
    wrong.extend(
        ["", "sk-admin-", "sk-proj-abc", &key[..key.len() - 1], &flipped, &format!("{key}x")]
            .map(|key| app.nobody.with_key(key)),
    );
    for operation in operations() {
        if PUBLIC.contains(&operation.path.as_str()) {
            app.nobody.get(&operation.path).await.ok();
            continue;
        }
        if is_data_plane(&operation) || is_for_strangers(&operation) {
            continue;
        }
        let is_ones_own = operation.path.starts_with("/v1/account");
        for actor in &wrong {
            for path in [operation.path_with(&ids), operation.path.replace(['{', '}'], "")] {
                let answer = ask(actor, &operation, &path).await;
                let is_nobody = actor.key().is_none();
                let code = if is_ones_own && is_nobody { "not_signed_in" } else { "invalid_api_key" };
                answer.assert_error(401, code, None);
                assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
            }
        }
    }
}

async fn a_projects_key_administers_nothing(app: &TestApp) {
    let (ids, key) = (one_of_everything(app).await, app.key().await);
    for operation in administration() {
        for path in [operation.path_with(&ids), operation.path.replace(['{', '}'], "")] {
            ask(&key, &operation, &path).await.assert_error(403, "admin_key_required", None);
        }
    }
}

/// What the first organization sees of all that it has.
async fn everything_seen(app: &TestApp, ids: &BTreeMap<&str, String>) -> Vec<String> {
    let mut seen = Vec::new();
    for operation in administration().iter().filter(|operation| operation.method == "GET") {
        let answer = app.admin.get(&operation.path_with(ids)).await;
        assert_eq!(answer.status, 200, "{}: {}", operation.path, answer.text());
        seen.push(answer.text().into_owned());
    }
    seen
}

async fn what_another_organization_has_is_not_found_and_stays_as_it_is(app: &TestApp) {
    let ids = one_of_everything(app).await;
    let before = everything_seen(app, &ids).await;
    for operation in administration() {
        if operation.path == "/v1/organization/spend_limit" {
            // What isn't there can't be read, and the operation before may have deleted it.
            let limit = json!({"threshold_amount": 1, "currency": "USD", "interval": "month"});
            app.stranger.post(&operation.path, limit).await.ok();
        }
        let answer = ask(&app.stranger, &operation, &operation.path_with(&ids)).await;
        if operation.path == format!("{PROJECTS}/{{project_id}}") && operation.method == "DELETE" {
            answer.assert_error(405, "project_deletion_not_allowed", None);
        } else if operation.has_id() {
            answer.assert_error(404, "not_found", None);
        } else {
            // Of their own organization: nothing of the first one may be in it.
            let text = answer.text();
            assert_eq!(answer.status, 200, "{}: {text}", operation.path);
            assert!(ids.values().all(|id| !text.contains(id.as_str())), "{}: {text}", operation.path);
        }
    }
    assert_eq!(everything_seen(app, &ids).await, before);
}

async fn every_described_address_is_served(app: &TestApp) {
    let ids = one_of_everything(app).await;
    for operation in operations().iter().filter(|operation| !is_data_plane(operation)) {
        let answer = ask(&app.admin, operation, &operation.path_with(&ids)).await;
        assert_ne!(answer.json["error"]["code"], "unknown_url", "{} {}", operation.method, operation.path);
        assert_ne!(answer.json["error"]["code"], "method_not_allowed", "{} {}", operation.method, operation.path);
    }
}
