//! API keys over HTTP: their shape, their refusals, and that a secret is shown
//! once.
#![cfg(test)]

mod support;

use serde_json::{Value, json};
use support::TestApi;

const NOW: i64 = 1_767_225_600;

async fn keys_of(api: &TestApi, project: &str) -> String {
    format!("{}/api_keys", api.project(project).await)
}

async fn made(api: &TestApi, keys: &str, name: &str) -> Value {
    api.post(keys, json!({ "name": name })).await.ok()
}

fn path_of(keys: &str, key: &Value) -> String {
    format!("{keys}/{}", key["id"].as_str().unwrap())
}

fn without_value(key: &Value) -> Value {
    let mut key = key.clone();
    assert!(key.as_object_mut().unwrap().remove("value").is_some());
    key
}

#[tokio::test]
async fn a_new_key_is_answered_whole_and_its_secret_once() {
    let api = TestApi::start().await;
    let keys = keys_of(&api, "Search").await;
    let body = json!({
        "name": " CI pipeline ", "expires_at": "2026-01-01T01:00:00Z", "max_requests": 5,
        "scopes": ["llm:invoke"], "allowed_models": ["gpt-4o*"], "allowed_ips": ["10.1.2.3/8", "192.0.2.7"],
        "allowed_origins": ["https://App.example:443"], "require_origin": true, "environment": "production",
        "metadata": { "team": "search" },
    });
    let answer = api.post(&keys, body).await;
    assert_eq!(answer.headers["cache-control"], "no-store");
    let made = answer.ok();
    let value = made["value"].as_str().unwrap();
    let (owner, creator) = (&made["owner"]["user"], &made["created_by"]);
    let expected = json!({
        "object": "organization.project.api_key", "id": made["id"], "name": "CI pipeline",
        "redacted_value": format!("sk-project-...{}", &value[value.len() - 4..]), "value": value,
        "status": "active",
        "owner": { "type": "user", "user": {
            "id": owner["id"], "email": "first@example.com", "name": owner["name"], "created_at": NOW, "role": "owner",
        } },
        "owner_project_access": "active",
        "created_by": { "type": "admin_key", "id": creator["id"], "user_id": owner["id"] },
        "created_at": NOW, "updated_at": NOW, "expires_at": NOW + 3600, "last_used_at": null, "last_used_ip": null,
        "max_requests": 5, "request_count": 0, "cached_count": 0,
        "usage": { "input_tokens": 0, "output_tokens": 0, "total_tokens": 0, "cost": "0.00", "cost_nanos": 0 },
        "limits": { "requests_per_minute": null, "tokens_per_minute": null, "parallel_requests": null, "shadow": false },
        "budget": null,
        "scopes": ["llm:invoke"], "allowed_models": ["gpt-4o*"], "allowed_ips": ["10.0.0.0/8", "192.0.2.7/32"],
        "allowed_origins": ["https://app.example"], "require_origin": true, "environment": "production",
        "metadata": { "team": "search" }, "version": 1,
    });
    assert_eq!(made, expected);
    assert!(made["id"].as_str().unwrap().starts_with("key_"));
    assert!(creator["id"].as_str().unwrap().starts_with("admkey_"));

    assert_eq!(api.get(&path_of(&keys, &made)).await.ok(), without_value(&made));
    let listed = api.get(&keys).await;
    assert!(!listed.text.contains(&value[11..]), "{}", listed.text);
    let listed = listed.ok();
    assert_eq!(listed["data"], json!([without_value(&made)]));
    assert_eq!(
        (&listed["object"], &listed["first_id"], &listed["has_more"]),
        (&json!("list"), &made["id"], &json!(false))
    );
}

#[tokio::test]
async fn a_plain_key_has_no_restriction() {
    let api = TestApi::start().await;
    let made = made(&api, &keys_of(&api, "Search").await, "plain").await;
    for field in ["expires_at", "max_requests", "environment"] {
        assert_eq!(made[field], Value::Null, "{field}");
    }
    for field in ["scopes", "allowed_models", "allowed_ips", "allowed_origins"] {
        assert_eq!(made[field], json!([]), "{field}");
    }
    assert_eq!((&made["require_origin"], &made["metadata"]), (&json!(false), &json!({})));
    assert_eq!(made.get("previous_secret"), None);
}

#[tokio::test]
async fn every_refused_field_is_named() {
    let api = TestApi::start().await;
    let keys = keys_of(&api, "Search").await;
    let path = path_of(&keys, &made(&api, &keys, "CI").await);
    let long = "x".repeat(121);
    let fields = [
        (json!({ "name": "" }), "invalid_value", "name"),
        (json!({ "name": "a\nb" }), "invalid_value", "name"),
        (json!({ "name": long }), "invalid_value", "name"),
        (json!({ "name": 1 }), "invalid_type", "name"),
        (json!({ "expires_at": NOW }), "invalid_value", "expires_at"),
        (json!({ "expires_at": "tomorrow" }), "invalid_value", "expires_at"),
        (json!({ "expires_at": i64::MAX }), "invalid_value", "expires_at"),
        (json!({ "expires_at": true }), "invalid_type", "expires_at"),
        (json!({ "expires_in_seconds": 0 }), "invalid_value", "expires_in_seconds"),
        (json!({ "expires_in_seconds": 315_360_001 }), "invalid_value", "expires_in_seconds"),
        (json!({ "expires_in_seconds": 60, "expires_at": NOW + 60 }), "invalid_value", "expires_in_seconds"),
        (json!({ "max_requests": 0 }), "invalid_value", "max_requests"),
        (json!({ "max_requests": -1 }), "invalid_value", "max_requests"),
        (json!({ "max_requests": 1.5 }), "invalid_type", "max_requests"),
        (json!({ "scopes": ["llm:invoke", "api_keys:create"] }), "invalid_value", "scopes[1]"),
        (json!({ "allowed_models": ["["] }), "invalid_value", "allowed_models[0]"),
        (json!({ "allowed_ips": ["10.0.0.0/33"] }), "invalid_value", "allowed_ips[0]"),
        (json!({ "allowed_origins": ["app.example"] }), "invalid_value", "allowed_origins[0]"),
        (json!({ "require_origin": "yes" }), "invalid_type", "require_origin"),
        (json!({ "environment": "x".repeat(65) }), "invalid_value", "environment"),
        (json!({ "metadata": { "a": 1 } }), "invalid_type", "metadata.a"),
        (json!({ "metadata": { "a": "x".repeat(513) } }), "invalid_value", "metadata.a"),
        (json!({ "limits": { "tokens_per_minute": 0 } }), "invalid_value", "limits.tokens_per_minute"),
        (json!({ "limits": { "requests": 5 } }), "unknown_parameter", "limits.requests"),
        // What nothing enforces yet is refused, never stored in silence.
        (json!({ "budget": {} }), "invalid_value", "budget.amount"),
        (json!({ "bias_profile_id": "x" }), "unknown_parameter", "bias_profile_id"),
        (json!({ "cached_count": 1 }), "unknown_parameter", "cached_count"),
    ];
    for (fields, code, param) in fields {
        let mut create = json!({ "name": "fresh" });
        create.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        assert_eq!(api.post(&keys, create).await.refused(400, code).as_deref(), Some(param), "create {fields}");
        assert_eq!(api.post(&path, fields.clone()).await.refused(400, code).as_deref(), Some(param), "edit {fields}");
    }
    assert_eq!(api.post(&keys, json!({})).await.refused(400, "missing_required_parameter").as_deref(), Some("name"));
    for status in ["revoked", "expired", "Active"] {
        let param = api.post(&path, json!({ "status": status })).await.refused(400, "invalid_value");
        assert_eq!(param.as_deref(), Some("status"));
    }
    let overlap = api.post(&format!("{path}/rotate"), json!({ "overlap_seconds": -1 })).await;
    assert_eq!(overlap.refused(400, "invalid_value").as_deref(), Some("overlap_seconds"));
    assert_eq!(api.get(&keys).await.ok()["data"].as_array().unwrap().len(), 1, "nothing was made");
    assert_eq!(api.get(&path).await.ok()["version"], 1, "nothing was changed");
}

#[tokio::test]
async fn an_edit_changes_what_it_names_and_null_empties() {
    let api = TestApi::start().await;
    let keys = keys_of(&api, "Search").await;
    let body = json!({
        "name": "CI", "scopes": ["llm:invoke"], "allowed_models": ["gpt-4o"], "require_origin": true, "max_requests": 5,
        "expires_in_seconds": 60, "environment": "test", "metadata": { "a": "b" },
    });
    let made = api.post(&keys, body).await.ok();
    let path = path_of(&keys, &made);
    let with = |changes: Value| {
        let mut key = without_value(&made);
        key.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        key
    };
    assert_eq!(api.post(&path, json!({})).await.ok(), without_value(&made));
    let edit = json!({ "name": "Nightly", "allowed_models": ["claude*"], "status": "disabled" });
    let edited = api.post(&path, edit).await.ok();
    let expected = json!({ "name": "Nightly", "allowed_models": ["claude*"], "status": "disabled", "version": 2 });
    assert_eq!(edited, with(expected));
    let emptied = json!({
        "status": "active", "scopes": null, "allowed_models": null, "allowed_ips": null, "allowed_origins": null,
        "max_requests": null, "expires_at": null, "environment": null, "metadata": null, "require_origin": false,
    });
    let expected = json!({
        "name": "Nightly", "scopes": [], "allowed_models": [], "max_requests": null, "expires_at": null,
        "environment": null, "metadata": {}, "require_origin": false, "version": 3,
    });
    assert_eq!(api.post(&path, emptied).await.ok(), with(expected));
    let later = api.post(&path, json!({ "expires_in_seconds": 10 })).await.ok();
    assert_eq!(later["expires_at"], NOW + 10);
}

#[tokio::test]
async fn a_rotation_shows_the_new_secret_once_and_the_old_one_while_it_works() {
    let api = TestApi::start().await;
    let keys = keys_of(&api, "Search").await;
    let made = made(&api, &keys, "CI").await;
    let path = path_of(&keys, &made);
    let answer = api.post(&format!("{path}/rotate"), json!({ "overlap_seconds": 60 })).await;
    assert_eq!(answer.headers["cache-control"], "no-store");
    let rotated = answer.ok();
    assert_eq!((&rotated["id"], &rotated["version"]), (&made["id"], &json!(2)));
    assert_ne!(rotated["value"], made["value"]);
    let previous = json!({ "redacted_value": made["redacted_value"], "expires_at": NOW + 60, "last_used_at": null });
    assert_eq!(rotated["previous_secret"], previous);
    assert_eq!(api.get(&path).await.ok(), without_value(&rotated));
    let again = api.as_key(&api.admin_key, "POST", &format!("{path}/rotate"), None).await.ok();
    assert_eq!(again.get("previous_secret"), None, "without an overlap the old secret dies at once");
}

#[tokio::test]
async fn keys_are_revoked_deleted_and_revoked_all() {
    let api = TestApi::start().await;
    let keys = keys_of(&api, "Search").await;
    let (first, second) = (made(&api, &keys, "first").await, made(&api, &keys, "second").await);
    for _ in 0..2 {
        let revoked = api.post(&format!("{}/revoke", path_of(&keys, &first)), json!({})).await.ok();
        assert_eq!((&revoked["status"], &revoked["version"]), (&json!("revoked"), &json!(2)));
    }
    let enable = api.post(&path_of(&keys, &first), json!({ "status": "active" })).await;
    enable.refused(409, "api_key_revoked");
    let all = format!("{keys}/revoke_all");
    let counts = api.as_key(&api.admin_key, "POST", &all, None).await.ok();
    assert_eq!(counts, json!({ "revoked": 1, "already_revoked": 1, "total": 2 }));
    assert_eq!(api.post(&all, json!({})).await.ok(), json!({ "revoked": 0, "already_revoked": 2, "total": 2 }));

    let path = path_of(&keys, &second);
    let deleted = api.delete(&path).await.ok();
    let expected = json!({ "object": "organization.project.api_key.deleted", "id": second["id"], "deleted": true });
    assert_eq!(deleted, expected);
    for answer in [api.get(&path).await, api.delete(&path).await, api.post(&path, json!({})).await] {
        answer.refused(404, "not_found");
    }
    assert_eq!(api.get(&keys).await.ok()["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_archived_project_gets_no_key_and_may_lose_all() {
    let api = TestApi::start().await;
    let project = api.project("Search").await;
    let keys = format!("{project}/api_keys");
    let key = path_of(&keys, &made(&api, &keys, "CI").await);
    api.post(&format!("{project}/archive"), json!({})).await.ok();
    assert_eq!(api.get(&key).await.ok()["status"], "active");
    let refused = api.post(&keys, json!({ "name": "fresh" })).await;
    assert!(refused.text.contains("Cannot generate API keys for an inactive project"), "{}", refused.text);
    refused.refused(403, "project_inactive");
    let archived = api.post(&format!("{project}/archive"), json!({ "revoke_api_keys": true })).await.ok();
    assert_eq!(archived["api_keys"], json!({ "total": 1, "active": 0 }));
    assert_eq!(api.get(&key).await.ok()["status"], "revoked");
}

#[tokio::test]
async fn a_name_is_free_again_when_its_key_is_gone() {
    let api = TestApi::start().await;
    let keys = keys_of(&api, "Search").await;
    let first = made(&api, &keys, "CI").await;
    let taken = api.post(&keys, json!({ "name": "CI" })).await;
    assert_eq!(taken.headers["x-should-retry"], "false");
    assert_eq!(taken.refused(409, "name_taken").as_deref(), Some("name"));
    api.delete(&path_of(&keys, &first)).await.ok();
    made(&api, &keys, "CI").await;
}

#[tokio::test]
async fn nothing_happens_twice_or_to_a_stale_version() {
    let api = TestApi::start().await;
    let keys = keys_of(&api, "Search").await;
    let bearer = format!("Bearer {}", api.admin_key);
    let once = [("authorization", bearer.as_str()), ("idempotency-key", "once")];
    let body = Some(json!({ "name": "CI" }));
    let made = api.send("POST", &keys, body.clone(), &once).await.ok();
    let again = api.send("POST", &keys, body, &once).await;
    assert!(again.text.contains(made["id"].as_str().unwrap()), "{}", again.text);
    assert!(!again.text.contains("sk-project-"), "{}", again.text);
    again.refused(409, "idempotent_replay");

    let path = path_of(&keys, &made);
    let read = [("authorization", bearer.as_str()), ("if-match", "\"1\"")];
    api.send("POST", &path, Some(json!({ "name": "Nightly" })), &read).await.ok();
    for (method, path) in [
        ("POST", path.clone()),
        ("POST", format!("{path}/rotate")),
        ("POST", format!("{path}/revoke")),
        ("DELETE", path.clone()),
    ] {
        let body = (method == "POST").then(|| json!({}));
        api.send(method, &path, body, &read).await.refused(412, "stale_version");
    }
    assert_eq!(api.get(&path).await.ok()["status"], "active");
}

#[tokio::test]
async fn filters_narrow_the_list_and_mistakes_are_named() {
    let api = TestApi::start().await;
    let keys = keys_of(&api, "Search").await;
    let ci = api.post(&keys, json!({ "name": "CI", "environment": "production" })).await.ok();
    let nightly = api.post(&keys, json!({ "name": "Nightly" })).await.ok();
    let off = api.post(&keys, json!({ "name": "Off" })).await.ok();
    api.post(&path_of(&keys, &off), json!({ "status": "disabled" })).await.ok();
    let last_four = ci["redacted_value"].as_str().unwrap().rsplit('.').next().unwrap();
    let everything = [&off, &nightly, &ci];
    let cases = [
        (String::new(), everything.to_vec()),
        ("?order=asc".into(), vec![&ci, &nightly, &off]),
        ("?status=active".into(), vec![&nightly, &ci]),
        ("?status=disabled".into(), vec![&off]),
        ("?status=revoked".into(), vec![]),
        ("?search=NIGHT".into(), vec![&nightly]),
        (format!("?search={last_four}"), vec![&ci]),
        (format!("?search={}", ci["id"].as_str().unwrap()), vec![&ci]),
        ("?environment=production".into(), vec![&ci]),
        ("?never_used=true".into(), everything.to_vec()),
        ("?unused_since=2026-01-01T00:00:00Z".into(), everything.to_vec()),
        (format!("?unused_since={NOW}"), everything.to_vec()),
        ("?owner_project_access=any".into(), everything.to_vec()),
        ("?owner_project_access=inactive".into(), vec![]),
        (format!("?limit=1&after={}", off["id"].as_str().unwrap()), vec![&nightly]),
    ];
    for (query, expected) in cases {
        let listed = api.get(&format!("{keys}{query}")).await.ok();
        let ids: Vec<_> = listed["data"].as_array().unwrap().iter().map(|key| &key["id"]).collect();
        assert_eq!(ids, expected.iter().map(|key| &key["id"]).collect::<Vec<_>>(), "{query}");
    }
    for (query, code, param) in [
        ("status=gone", "invalid_value", "status"),
        ("never_used=1", "invalid_value", "never_used"),
        ("unused_since=soon", "invalid_value", "unused_since"),
        ("owner_project_access=all", "invalid_value", "owner_project_access"),
        ("limit=101", "invalid_value", "limit"),
        ("after=key_x", "invalid_cursor", "after"),
        ("after=key_00000000000000000000000000000000", "invalid_cursor", "after"),
        ("nmae=x", "unknown_parameter", "nmae"),
    ] {
        let refused = api.get(&format!("{keys}?{query}")).await.refused(400, code);
        assert_eq!(refused.as_deref(), Some(param), "{query}");
    }
}

#[tokio::test]
async fn strangers_and_project_keys_get_nowhere() {
    let api = TestApi::start().await;
    let keys = keys_of(&api, "Search").await;
    let other = keys_of(&api, "Other").await;
    let key = made(&api, &keys, "CI").await;
    let path = path_of(&keys, &key);
    let stranger = api.stranger().await;
    let operations = [
        ("GET", keys.clone(), None),
        ("POST", keys.clone(), Some(json!({ "name": "x" }))),
        ("POST", format!("{keys}/revoke_all"), None),
        ("GET", path.clone(), None),
        ("POST", path.clone(), Some(json!({ "name": "x" }))),
        ("DELETE", path.clone(), None),
        ("POST", format!("{path}/rotate"), None),
        ("POST", format!("{path}/revoke"), None),
    ];
    for (method, path, body) in operations {
        api.as_key(&stranger, method, &path, body.clone()).await.refused(404, "not_found");
        let value = key["value"].as_str().unwrap();
        api.as_key(value, method, &path, body.clone()).await.refused(403, "admin_key_required");
        api.send(method, &path, body, &[]).await.refused(401, "invalid_api_key");
    }
    let bare_id = key["id"].as_str().unwrap().trim_start_matches("key_");
    for path in [path_of(&other, &key), format!("{keys}/key_x"), format!("{keys}/{bare_id}")] {
        api.get(&path).await.refused(404, "not_found");
    }
    api.get("/v1/organization/projects/proj_x/api_keys").await.refused(404, "not_found");
    assert_eq!(api.get(&path).await.ok()["version"], 1);
}
