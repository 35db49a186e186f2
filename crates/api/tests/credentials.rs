//! Credentials over HTTP: their shape, their refusals, and that no answer
//! holds a secret.
#![cfg(test)]

mod support;

use keyward_service::credential::ModelListError;
use serde_json::{Value, json};
use support::TestApi;

const SECRET: &str = "sk-proj-A1b2C3d4E5f6G7h8I9";
const ORGANIZATION: &str = "/v1/organization/credentials";

async fn made(api: &TestApi, place: &str, name: &str) -> Value {
    api.post(place, json!({ "provider": "openai", "name": name, "api_key": SECRET })).await.ok()
}

fn path_of(place: &str, credential: &Value) -> String {
    format!("{place}/{}", credential["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_credential_is_answered_whole_and_its_secret_masked() {
    let api = TestApi::start().await;
    let place = format!("{}/credentials", api.project("Search").await);
    let body = json!({
        "provider": "openai", "api_key": SECRET, "base_url": "https://models.example/v1/",
        "aliases": { "fast": "gpt-4o-mini" }, "priority": -3, "weight": 9,
    });
    let made = api.post(&place, body).await.ok();
    let expected = json!({
        "object": "organization.project.credential", "id": made["id"], "provider": "openai", "name": "openai",
        "base_url": "https://models.example/v1", "redacted_value": "sk-proj...h8I9",
        "aliases": { "fast": "gpt-4o-mini" }, "priority": -3, "weight": 9, "inherited": false, "created_at": 1_767_225_600,
        "updated_at": 1_767_225_600, "last_used_at": null, "version": 1,
    });
    assert_eq!(made, expected);
    assert!(made["id"].as_str().unwrap().starts_with("cred_"));
    assert_eq!(api.get(&path_of(&place, &made)).await.ok(), made);
    let listed = api.get(&place).await.ok();
    assert_eq!(listed["data"], json!([made]));
    assert_eq!((&listed["object"], &listed["first_id"]), (&json!("list"), &made["id"]));
}

#[tokio::test]
async fn no_answer_holds_a_secret() {
    let api = TestApi::start().await;
    let made = made(&api, ORGANIZATION, "Shared").await;
    let path = path_of(ORGANIZATION, &made);
    let second = "sk-proj-Z9y8X7w6V5u4T3s2R1";
    let answers = [
        api.get(&path).await,
        api.get(ORGANIZATION).await,
        api.post(&path, json!({ "api_key": second })).await,
        api.post(&path, json!({ "api_key": [SECRET] })).await,
        api.post(&path, json!({ "api_key": SECRET, "unknown": 1 })).await,
        api.post(&path, json!({ "api_key": format!("{SECRET} ") })).await,
        api.post(&format!("{path}/test"), json!({})).await,
        api.post(ORGANIZATION, json!({ "provider": "anthropic", "api_key": SECRET })).await,
        api.delete(&path).await,
    ];
    for answer in answers {
        for part in [SECRET, second, "C3d4E5f6", "X7w6V5u4"] {
            assert!(!answer.text.contains(part), "{}", answer.text);
        }
    }
}

#[tokio::test]
async fn what_cannot_be_taken_is_refused_with_its_field() {
    let api = TestApi::start().await;
    let refused = async |body: Value, code: &str| api.post(ORGANIZATION, body).await.refused(400, code);
    for (body, code, param) in [
        (json!({}), "missing_required_parameter", "provider"),
        (json!({ "provider": "nobody" }), "invalid_value", "provider"),
        (json!({ "provider": "openai" }), "missing_required_parameter", "api_key"),
        (json!({ "provider": "openai", "api_key": "pk-1" }), "invalid_api_key_format", "api_key"),
        (json!({ "provider": "openai", "api_key": "sk-proj...h8I9" }), "invalid_api_key_format", "api_key"),
        (json!({ "provider": "vllm" }), "missing_required_parameter", "base_url"),
        (json!({ "provider": "vllm", "base_url": "ftp://a" }), "invalid_value", "base_url"),
        (json!({ "provider": "demo", "base_url": "https://a.example" }), "invalid_value", "base_url"),
        (json!({ "provider": "demo", "name": " " }), "invalid_value", "name"),
        (json!({ "provider": "demo", "weight": 0 }), "invalid_value", "weight"),
        (json!({ "provider": "demo", "priority": "high" }), "invalid_type", "priority"),
        (json!({ "provider": "demo", "aliases": { "a": " b" } }), "invalid_value", "aliases.a"),
    ] {
        assert_eq!(refused(body.clone(), code).await.as_deref(), Some(param), "{body}");
    }
    assert_eq!(api.get(ORGANIZATION).await.ok()["data"], json!([]));
    let path = path_of(ORGANIZATION, &made(&api, ORGANIZATION, "Shared").await);
    let provider = api.post(&path, json!({ "provider": "anthropic" })).await;
    assert_eq!(provider.refused(400, "unknown_parameter").as_deref(), Some("provider"));
    api.get(&format!("{ORGANIZATION}?search=x")).await.refused(400, "unknown_parameter");
}

#[tokio::test]
async fn a_project_is_made_with_its_first_credential_or_not_at_all() {
    let api = TestApi::start().await;
    let with = |credential: Value| json!({ "name": "Search", "credential": credential });
    for (credential, code, param) in [
        (json!({ "provider": "openai", "api_key": "pk-1" }), "invalid_api_key_format", "credential.api_key"),
        (json!({ "provider": "nobody" }), "invalid_value", "credential.provider"),
        (json!({ "provider": "demo", "weight": 0 }), "invalid_value", "credential.weight"),
    ] {
        let refused = api.post("/v1/organization/projects", with(credential)).await.refused(400, code);
        assert_eq!(refused.as_deref(), Some(param));
    }
    let project = api.post("/v1/organization/projects", with(json!({ "provider": "openai", "api_key": SECRET }))).await;
    let place = format!("/v1/organization/projects/{}/credentials", project.ok()["id"].as_str().unwrap());
    let listed = api.get(&place).await.ok();
    assert_eq!(listed["data"][0]["redacted_value"], "sk-proj...h8I9");
}

#[tokio::test]
async fn an_edit_changes_what_it_names_and_a_stale_one_nothing() {
    let api = TestApi::start().await;
    let path = path_of(ORGANIZATION, &made(&api, ORGANIZATION, "Shared").await);
    let elsewhere = json!({ "name": "Main", "base_url": "http://10.0.0.1:8000" });
    let refused = api.post(&path, elsewhere.clone()).await.refused(400, "secret_required");
    assert_eq!(refused.as_deref(), Some("api_key"));
    let with_secret = |mut body: Value| {
        body["api_key"] = SECRET.into();
        body
    };
    let edited = api.post(&path, with_secret(elsewhere)).await.ok();
    assert_eq!((&edited["name"], &edited["base_url"]), (&json!("Main"), &json!("http://10.0.0.1:8000")));
    assert_eq!((&edited["version"], &edited["redacted_value"]), (&json!(2), &json!("sk-proj...h8I9")));
    let usual = api.post(&path, with_secret(json!({ "base_url": null }))).await.ok();
    assert_eq!(usual["base_url"], "https://api.openai.com/v1");
    let needed = api.post(&path, json!({ "api_key": null })).await;
    assert_eq!(needed.refused(400, "missing_required_parameter").as_deref(), Some("api_key"));

    let authorization = format!("Bearer {}", api.admin_key);
    let at = async |version: &str| {
        let headers = [("authorization", authorization.as_str()), ("if-match", version)];
        api.send("POST", &path, Some(json!({ "priority": 9 })), &headers).await
    };
    at("\"2\"").await.refused(412, "stale_version");
    assert_eq!(at("\"3\"").await.ok()["version"], 4);
    made(&api, ORGANIZATION, "Other").await;
    let taken = api.post(&path, json!({ "name": "Other" })).await;
    assert_eq!(taken.refused(409, "name_taken").as_deref(), Some("name"));
}

#[tokio::test]
async fn the_same_creating_request_creates_once() {
    let api = TestApi::start().await;
    let authorization = format!("Bearer {}", api.admin_key);
    let headers = [("authorization", authorization.as_str()), ("idempotency-key", "once")];
    let body = json!({ "provider": "openai", "api_key": SECRET });
    let made = api.send("POST", ORGANIZATION, Some(body.clone()), &headers).await.ok();
    let again = api.send("POST", ORGANIZATION, Some(body), &headers).await;
    assert_eq!(again.headers["x-should-retry"], "false");
    assert!(again.json["error"]["message"].as_str().unwrap().contains(made["id"].as_str().unwrap()));
    again.refused(409, "idempotent_replay");
}

#[tokio::test]
async fn a_deleted_credential_is_gone() {
    let api = TestApi::start().await;
    let made = made(&api, ORGANIZATION, "Shared").await;
    let path = path_of(ORGANIZATION, &made);
    let gone = api.delete(&path).await.ok();
    let expected = json!({ "object": "organization.project.credential.deleted", "id": made["id"], "deleted": true });
    assert_eq!(gone, expected);
    api.delete(&path).await.refused(404, "not_found");
    api.get(&path).await.refused(404, "not_found");
    api.get(&format!("{ORGANIZATION}/nonsense")).await.refused(404, "not_found");
}

#[tokio::test]
async fn an_inherited_credential_is_read_and_tested_from_a_project_and_changed_at_the_organization() {
    let api = TestApi::start().await;
    let place = format!("{}/credentials", api.project("Search").await);
    let shared = made(&api, ORGANIZATION, "Shared").await;
    let path = path_of(&place, &shared);
    assert_eq!(api.get(&path).await.ok()["inherited"], true);
    assert_eq!(api.get(&place).await.ok()["data"][0]["inherited"], true);
    api.post(&format!("{path}/test"), json!({})).await.ok();
    api.post(&path, json!({ "priority": 1 })).await.refused(403, "credential_inherited");
    api.delete(&path).await.refused(403, "credential_inherited");
    let own = made(&api, &place, "Own").await;
    api.get(&path_of(ORGANIZATION, &own)).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_stranger_finds_nothing_and_nobody_comes_in_without_a_key() {
    let api = TestApi::start().await;
    let place = format!("{}/credentials", api.project("Search").await);
    let (own, shared) = (made(&api, &place, "Own").await, made(&api, ORGANIZATION, "Shared").await);
    let stranger = api.stranger().await;
    let (own, shared) = (path_of(&place, &own), path_of(ORGANIZATION, &shared));
    let (test_own, test_shared) = (format!("{own}/test"), format!("{shared}/test"));
    let demo = json!({ "provider": "demo" });
    for (method, path, body) in [
        ("GET", &place, None),
        ("POST", &place, Some(demo)),
        ("GET", &own, None),
        ("POST", &own, Some(json!({ "name": "Mine" }))),
        ("DELETE", &own, None),
        ("POST", &test_own, None),
        ("GET", &shared, None),
        ("POST", &shared, Some(json!({ "name": "Mine" }))),
        ("DELETE", &shared, None),
        ("POST", &test_shared, None),
    ] {
        api.as_key(&stranger, method, path, body.clone()).await.refused(404, "not_found");
        let nobody = api.send(method, path, body, &[]).await;
        assert_eq!(nobody.status, 401, "{method} {path}: {}", nobody.text);
    }
    assert_eq!(api.as_key(&stranger, "GET", ORGANIZATION, None).await.ok()["data"], json!([]));
    let after = format!("{ORGANIZATION}?after={}", shared.rsplit('/').next().unwrap());
    api.as_key(&stranger, "GET", &after, None).await.refused(400, "invalid_cursor");
    assert_eq!(api.get(&shared).await.ok()["name"], "Shared");
}

#[tokio::test]
async fn a_test_answers_the_models_or_what_the_provider_did() {
    let api = TestApi::start().await;
    let made = made(&api, ORGANIZATION, "Shared").await;
    let path = format!("{}/test", path_of(ORGANIZATION, &made));
    let expected = json!({
        "object": "organization.project.credential.test", "credential_id": made["id"], "models": ["gpt-4o"],
    });
    assert_eq!(api.as_key(&api.admin_key, "POST", &path, None).await.ok(), expected);
    for (why, status, code) in [
        (ModelListError::Rejected, 502, "provider_authentication_failed"),
        (ModelListError::Unreachable("connection refused".into()), 502, "provider_unreachable"),
        (ModelListError::Blocked("a private address".into()), 502, "provider_blocked"),
        (ModelListError::NotAList("status 404".into()), 502, "provider_not_understood"),
        (ModelListError::TimedOut, 504, "provider_timeout"),
    ] {
        *api.provider.0.lock().unwrap() = Err(why);
        api.post(&path, json!({})).await.refused(status, code);
    }
}
