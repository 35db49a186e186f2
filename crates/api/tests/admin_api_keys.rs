//! Admin keys over HTTP: the specification's shape, and their refusals.
#![cfg(test)]

mod support;

use axum::{body::Body, http::Request};
use serde_json::{Value, json};
use support::TestApi;
use tower::ServiceExt as _;

const PLACE: &str = "/v1/organization/admin_api_keys";

async fn made(api: &TestApi, name: &str) -> Value {
    api.post(PLACE, json!({ "name": name })).await.ok()
}

fn path_of(key: &Value) -> String {
    format!("{PLACE}/{}", key["id"].as_str().unwrap())
}

#[tokio::test]
async fn an_admin_key_is_answered_as_specified_and_shown_once() {
    let api = TestApi::start().await;
    let answer = api.post(PLACE, json!({ "name": "CI", "expires_in_seconds": 60 })).await;
    assert_eq!(answer.headers["cache-control"], "no-store");
    let mut made = answer.ok();
    let value = made["value"].take();
    let value = value.as_str().unwrap();
    let owner = json!({
        "type": "user", "object": "organization.user", "id": made["owner"]["id"], "name": "first",
        "email": "first@example.com", "created_at": 1_767_225_600, "role": "owner",
    });
    let shown = json!({
        "object": "organization.admin_api_key", "id": made["id"], "name": "CI",
        "roles": [], "redacted_value": format!("sk-admin-...{}", &value[value.len() - 4..]),
        "created_at": 1_767_225_600, "expires_at": 1_767_225_660, "last_used_at": null, "owner": owner,
    });
    assert_eq!(api.get(&path_of(&made)).await.ok(), shown);
    made.as_object_mut().unwrap().remove("value");
    assert_eq!(made, shown);

    api.as_key(value, "GET", PLACE, None).await.ok();
    assert_eq!(api.get(&path_of(&made)).await.ok()["last_used_at"], 1_767_225_600);
}

#[tokio::test]
async fn admin_keys_are_listed_oldest_first_and_paged() {
    let api = TestApi::start().await;
    let (second, third) = (made(&api, "Second").await, made(&api, "Third").await);
    let listed = api.get(PLACE).await.ok();
    let names: Vec<_> = listed["data"].as_array().unwrap().iter().map(|key| &key["name"]).collect();
    assert_eq!(names, ["Initial admin key", "Second", "Third"]);
    assert!(listed["data"].as_array().unwrap().iter().all(|key| key.get("value").is_none()));
    assert_eq!((&listed["object"], &listed["has_more"]), (&json!("list"), &json!(false)));

    let page = api.get(&format!("{PLACE}?limit=1&order=desc&after={}", third["id"].as_str().unwrap())).await.ok();
    assert_eq!((&page["first_id"], &page["last_id"], &page["has_more"]), (&second["id"], &second["id"], &json!(true)));
}

#[tokio::test]
async fn a_deleted_admin_key_opens_nothing() {
    let api = TestApi::start().await;
    let key = made(&api, "CI").await;
    let deleted = api.delete(&path_of(&key)).await.ok();
    assert_eq!(deleted, json!({ "object": "organization.admin_api_key.deleted", "id": key["id"], "deleted": true }));
    api.as_key(key["value"].as_str().unwrap(), "GET", PLACE, None).await.refused(401, "invalid_api_key");
    api.delete(&path_of(&key)).await.refused(404, "not_found");
}

#[tokio::test]
async fn what_cannot_be_made_names_its_field() {
    let api = TestApi::start().await;
    for (body, code, param) in [
        (json!({}), "missing_required_parameter", "name"),
        (json!({ "name": " " }), "invalid_value", "name"),
        (json!({ "name": "CI", "expires_in_seconds": 0 }), "invalid_value", "expires_in_seconds"),
        (json!({ "name": "CI", "expires_in_seconds": 31_536_001 }), "invalid_value", "expires_in_seconds"),
        (json!({ "name": "CI", "expires_in_seconds": "60" }), "invalid_type", "expires_in_seconds"),
        (json!({ "name": "CI", "scopes": [] }), "unknown_parameter", "scopes"),
    ] {
        assert_eq!(api.post(PLACE, body.clone()).await.refused(400, code).as_deref(), Some(param), "{body}");
    }
    api.get(&format!("{PLACE}?limit=101")).await.refused(400, "invalid_value");
    api.get(&format!("{PLACE}/nonsense")).await.refused(404, "not_found");
    assert_eq!(api.get(PLACE).await.ok()["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_stranger_sees_and_deletes_nothing() {
    let api = TestApi::start().await;
    let (key, stranger) = (made(&api, "CI").await, api.stranger().await);
    api.as_key(&stranger, "GET", &path_of(&key), None).await.refused(404, "not_found");
    api.as_key(&stranger, "DELETE", &path_of(&key), None).await.refused(404, "not_found");
    let cursor = format!("{PLACE}?after={}", key["id"].as_str().unwrap());
    api.as_key(&stranger, "GET", &cursor, None).await.refused(400, "invalid_cursor");
    api.send("GET", PLACE, None, &[]).await.refused(401, "invalid_api_key");
}

#[tokio::test]
async fn the_same_request_again_makes_no_second_key() {
    let api = TestApi::start().await;
    let authorization = format!("Bearer {}", api.admin_key);
    let headers = [("authorization", authorization.as_str()), ("idempotency-key", "once")];
    let body = || Some(json!({ "name": "CI" }));
    let made = api.send("POST", PLACE, body(), &headers).await.ok();
    let again = api.send("POST", PLACE, body(), &headers).await;
    assert!(again.text.contains(made["id"].as_str().unwrap()) && !again.text.contains(made["value"].as_str().unwrap()));
    again.refused(409, "idempotent_replay");
}

#[tokio::test]
async fn every_permission_is_listed_with_its_kind() {
    let api = TestApi::start().await;
    let listed = api.get("/v1/organization/permissions").await.ok();
    let all = listed["data"].as_array().unwrap();
    assert_eq!((all.len(), &listed["has_more"]), (keyward_domain::permission::Permission::ALL.len(), &json!(false)));
    let first = (&all[0]["object"], &all[0]["id"], &all[0]["kind"]);
    assert_eq!(first, (&json!("organization.permission"), &json!("organization:read"), &json!("organization")));
    let invoke = all.iter().find(|permission| permission["id"] == "llm:invoke").unwrap();
    assert_eq!(invoke["kind"], "data");
    api.send("GET", "/v1/organization/permissions", None, &[]).await.refused(401, "invalid_api_key");
}

#[tokio::test]
async fn a_key_that_is_deleted_while_its_request_still_comes_in_opens_nothing() {
    let api = TestApi::start().await;
    let stolen = api.post(PLACE, json!({ "name": "Stolen" })).await.ok();
    let (id, secret) = (stolen["id"].as_str().unwrap().to_owned(), stolen["value"].as_str().unwrap().to_owned());
    let delete = Request::builder()
        .method("DELETE")
        .uri(format!("{PLACE}/{id}"))
        .header("authorization", format!("Bearer {}", api.admin_key))
        .body(Body::empty())
        .unwrap();
    let router = api.router();
    // The body comes when the key is gone.
    let late = Body::from_stream(futures_util::stream::once(async move {
        assert_eq!(router.oneshot(delete).await.unwrap().status(), 200);
        Ok::<_, std::convert::Infallible>(r#"{"name":"Back door"}"#)
    }));
    let request = Request::builder()
        .method("POST")
        .uri(PLACE)
        .header("authorization", format!("Bearer {secret}"))
        .header("content-type", "application/json")
        .body(late)
        .unwrap();
    assert_eq!(api.router().oneshot(request).await.unwrap().status(), 401);
    let names = api.get(PLACE).await.ok();
    assert!(!names.to_string().contains("Back door"), "{names}");
}
