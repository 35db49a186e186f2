//! `/v1/organization/projects/{project_id}/api_keys`: what a key is made of.

use keyward_testkit::{ManualClock, Provider, TestApp};
use serde_json::{Value, json};

use crate::support::{check_idempotency, check_names, check_unknown_fields, check_versions, id, ids};

keyward_testkit::on_both_databases!(
    a_new_key_answers_all_its_fields_and_its_secret_once,
    what_a_key_is_made_of_is_checked,
    the_same_creation_twice_makes_one_key,
    an_edit_changes_what_it_names_and_null_empties,
    a_stale_edit_changes_nothing,
    calls_are_counted_on_the_key,
    keys_are_found_by_what_they_are,
    ids_that_name_nothing_here_are_not_found,
);

/// Where the keys of a new project are.
async fn keys_of_new_project(app: &TestApp) -> String {
    format!("{}/api_keys", app.project("Project").await)
}

async fn a_new_key_answers_all_its_fields_and_its_secret_once(app: &TestApp) {
    let path = keys_of_new_project(app).await;
    let answer = app.admin.post(&path, json!({
        "name": "CI", "expires_at": "2026-01-02T00:00:00Z", "max_requests": 5, "scopes": ["llm:invoke"],
        "allowed_models": ["gpt-4o*"], "allowed_ips": ["10.1.2.3/8", "::1"], "allowed_origins": ["HTTPS://App.Example.com:443"],
        "require_origin": true, "environment": "production", "metadata": {"team": "search"},
    })).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let mut made = answer.ok();
    let value = made.as_object_mut().unwrap().remove("value").unwrap();
    let value = value.as_str().unwrap();
    assert!(value.starts_with("sk-project-") && value.len() == 60, "prefix, 43 and 6 characters");
    let owner = &made["owner"]["user"];
    let admin_key = &app.admin.get("/v1/organization/admin_api_keys").await.ok()["data"][0];
    assert_eq!((&owner["email"], &owner["id"]), (&json!("first@example.com"), &admin_key["owner"]["id"]));
    let expected = json!({
        "object": "organization.project.api_key", "id": id(&made), "name": "CI",
        "redacted_value": format!("sk-project-...{}", &value[56..]), "status": "active",
        "owner": {"type": "user", "user": {"id": owner["id"], "email": "first@example.com", "name": "first",
            "created_at": ManualClock::START, "role": "owner"}},
        "owner_project_access": "active",
        "created_by": {"type": "admin_key", "id": admin_key["id"], "user_id": owner["id"]},
        "created_at": ManualClock::START, "updated_at": ManualClock::START, "expires_at": ManualClock::START + 24 * 3600,
        "last_used_at": null, "last_used_ip": null, "max_requests": 5, "request_count": 0, "cached_count": 0,
        "usage": {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0, "cost": "0.00", "cost_nanos": 0},
        "limits": {"requests_per_minute": null, "tokens_per_minute": null, "parallel_requests": null, "shadow": false},
        "budget": null, "scopes": ["llm:invoke"], "allowed_models": ["gpt-4o*"], "allowed_ips": ["10.0.0.0/8", "::1/128"],
        "allowed_origins": ["https://app.example.com"], "require_origin": true, "environment": "production",
        "metadata": {"team": "search"}, "version": 1,
    });
    assert_eq!(made, expected);
    assert!(id(&made).starts_with("key_"));
    assert_eq!(app.admin.get(&format!("{path}/{}", id(&made))).await.ok(), expected, "without the secret");
    assert_eq!(app.admin.get(&path).await.ok()["data"], json!([expected]));
}

async fn what_a_key_is_made_of_is_checked(app: &TestApp) {
    let path = keys_of_new_project(app).await;
    let pairs: Value =
        (0..17).map(|number| (format!("k{number}"), json!("v"))).collect::<serde_json::Map<_, _>>().into();
    app.admin.post(&path, json!({})).await.assert_error(400, "missing_required_parameter", "name");
    for (field, value, code, param) in [
        ("name", json!(["A"]), "invalid_type", "name"),
        ("expires_at", json!(true), "invalid_type", "expires_at"),
        ("expires_at", json!("tomorrow"), "invalid_value", "expires_at"),
        ("expires_at", json!(ManualClock::START), "invalid_value", "expires_at"),
        ("expires_at", json!("2037-01-01T00:00:00Z"), "invalid_value", "expires_at"),
        ("expires_at", json!(i64::MAX), "invalid_value", "expires_at"),
        ("expires_in_seconds", json!(0), "invalid_value", "expires_in_seconds"),
        ("expires_in_seconds", json!(10 * 365 * 24 * 3600 + 1), "invalid_value", "expires_in_seconds"),
        ("expires_in_seconds", json!("60"), "invalid_type", "expires_in_seconds"),
        ("max_requests", json!(0), "invalid_value", "max_requests"),
        ("max_requests", json!(-1), "invalid_value", "max_requests"),
        ("max_requests", json!(1.5), "invalid_type", "max_requests"),
        ("scopes", json!(["llm:invoke", "projects:create"]), "invalid_value", "scopes[1]"),
        ("scopes", json!("llm:invoke"), "invalid_type", "scopes"),
        ("allowed_models", json!(["gpt", "["]), "invalid_value", "allowed_models[1]"),
        ("allowed_models", json!(vec!["m"; 201]), "invalid_value", "allowed_models"),
        ("allowed_ips", json!(["10.0.0.0/33"]), "invalid_value", "allowed_ips[0]"),
        ("allowed_ips", json!(["::1", 7]), "invalid_type", "allowed_ips[1]"),
        ("allowed_origins", json!(["https://a.example/path"]), "invalid_value", "allowed_origins[0]"),
        ("require_origin", json!("yes"), "invalid_type", "require_origin"),
        ("environment", json!("x".repeat(65)), "invalid_value", "environment"),
        ("environment", json!("a\nb"), "invalid_value", "environment"),
        ("metadata", json!(["a"]), "invalid_type", "metadata"),
        ("metadata", json!({"a": 1}), "invalid_type", "metadata.a"),
        ("metadata", json!({"a": "x".repeat(513)}), "invalid_value", "metadata.a"),
        ("metadata", pairs, "invalid_value", "metadata"),
    ] {
        let mut body = json!({"name": "A"});
        body[field] = value;
        app.admin.post(&path, body).await.assert_error(400, code, param);
    }
    let both = json!({"name": "A", "expires_at": ManualClock::START + 60, "expires_in_seconds": 60});
    app.admin.post(&path, both).await.assert_error(400, "invalid_value", "expires_in_seconds");
    let later = ["bias_profile_id", "weight", "value", "id", "status"];
    check_unknown_fields(&app.admin, &path, &json!({"name": "A"}), &later).await;
    assert_eq!(ids(&app.admin.get(&path).await.ok()), Vec::<String>::new());
    check_names(&app.admin, &path, |name| json!({"name": name})).await;
    app.admin.post(&path, json!({"name": "日本語 🚀"})).await.assert_error(409, "name_taken", "name");
}

async fn the_same_creation_twice_makes_one_key(app: &TestApp) {
    let path = keys_of_new_project(app).await;
    let made = check_idempotency(&app.admin, &path, &json!({"name": "Once"}), &json!({"name": "Other"})).await;
    assert_eq!(ids(&app.admin.get(&path).await.ok()), [id(&made)]);
}

async fn an_edit_changes_what_it_names_and_null_empties(app: &TestApp) {
    let path = keys_of_new_project(app).await;
    let full = json!({"name": "Full", "expires_in_seconds": 600, "max_requests": 5, "scopes": ["llm:invoke"],
        "allowed_models": ["a"], "allowed_ips": ["::1"], "allowed_origins": ["https://a.example"],
        "environment": "e", "metadata": {"a": "b"}});
    let made = app.admin.post(&path, full).await.ok();
    let path = format!("{path}/{}", id(&made));
    let before = app.admin.get(&path).await.ok();
    app.clock.advance(10);
    let renamed = app.admin.post(&path, json!({"name": "  Renamed "})).await.ok();
    let mut expected = before;
    (expected["name"], expected["version"], expected["updated_at"]) =
        (json!("Renamed"), json!(2), json!(ManualClock::START + 10));
    assert_eq!(renamed, expected);
    let nothing = json!({"expires_at": null, "max_requests": null, "scopes": null, "allowed_models": null,
        "allowed_ips": null, "allowed_origins": null, "environment": null, "metadata": null});
    let emptied = app.admin.post(&path, nothing).await.ok();
    for (field, empty) in [
        ("expires_at", json!(null)),
        ("max_requests", json!(null)),
        ("scopes", json!([])),
        ("allowed_models", json!([])),
        ("allowed_ips", json!([])),
        ("allowed_origins", json!([])),
        ("environment", json!(null)),
        ("metadata", json!({})),
    ] {
        assert_eq!(emptied[field], empty, "{field}");
    }
    let later = ["bias_profile_id", "api_key", "provider"];
    check_unknown_fields(&app.admin, &path, &json!({}), &later).await;
    for (body, code, param) in [
        (json!({"status": "revoked"}), "invalid_value", "status"),
        (json!({"status": 1}), "invalid_type", "status"),
        (json!({"max_requests": "many"}), "invalid_type", "max_requests"),
        (json!({"scopes": ["nothing"]}), "invalid_value", "scopes[0]"),
        (json!({"name": "\u{7}"}), "invalid_value", "name"),
    ] {
        app.admin.post(&path, body).await.assert_error(400, code, param);
    }
    assert_eq!(app.admin.get(&path).await.ok(), emptied);
}

async fn a_stale_edit_changes_nothing(app: &TestApp) {
    let keys = keys_of_new_project(app).await;
    let path = format!("{keys}/{}", id(&app.admin.post(&keys, json!({"name": "A"})).await.ok()));
    check_versions(&app.admin, &path, &json!({"environment": "anew"})).await;
    for action in ["/rotate", "/revoke"] {
        let asking = app.admin.asking(http::Method::POST, &format!("{path}{action}")).header("if-match", "1");
        asking.json(&json!({})).send().await.assert_error(412, "stale_version", "If-Match");
    }
    let asking = app.admin.asking(http::Method::DELETE, &path).header("if-match", "1");
    asking.send().await.assert_error(412, "stale_version", "If-Match");
    assert_eq!(app.admin.get(&path).await.ok()["status"], "active");
}

async fn calls_are_counted_on_the_key(app: &TestApp) {
    let provider = Provider::start().await;
    let project = app.project("Project").await;
    let credential = json!({"provider": "openai_compatible", "base_url": provider.openai_url()});
    app.admin.post(&format!("{project}/credentials"), credential).await.ok();
    let made = app.admin.post(&format!("{project}/api_keys"), json!({"name": "Capped", "max_requests": 2})).await.ok();
    let key = app.nobody.with_key(made["value"].as_str().unwrap());
    let body = json!({"model": "gpt-test", "messages": [{"role": "user", "content": "Hi"}]});
    app.clock.advance(90);
    for _ in 0..2 {
        key.post("/v1/chat/completions", body.clone()).await.ok();
    }
    let refused = key.post("/v1/chat/completions", body).await;
    assert_eq!((refused.status, &refused.json["error"]["code"]), (429, &json!("request_cap_reached")));
    let used = app.admin.get(&format!("{project}/api_keys/{}", id(&made))).await.ok();
    assert_eq!(used["request_count"], 2);
    let expected = json!({"input_tokens": 14, "output_tokens": 4, "total_tokens": 18, "cost": "0.00", "cost_nanos": 0});
    assert_eq!(used["usage"], expected);
    assert_eq!((&used["last_used_at"], &used["last_used_ip"]), (&json!(ManualClock::START + 90), &json!("127.0.0.1")));
    let calls = provider.seen().iter().filter(|seen| seen.path == "/v1/chat/completions").count();
    assert_eq!(calls, 2, "a refused call isn't sent");
}

async fn keys_are_found_by_what_they_are(app: &TestApp) {
    let path = keys_of_new_project(app).await;
    let mut made = Vec::new();
    for (name, environment) in [("Alpha", "production"), ("alphabet", "test"), ("Beta", "test"), ("Gone", "test")] {
        let body = json!({"name": name, "environment": environment, "expires_in_seconds": if name == "Beta" { json!(5) } else { json!(null) }});
        made.push(id(&app.admin.post(&path, body).await.ok()));
    }
    app.admin.post(&format!("{path}/{}", made[1]), json!({"status": "disabled"})).await.ok();
    app.admin.post(&format!("{path}/{}/revoke", made[3]), json!({})).await.ok();
    app.clock.advance(5);
    let found = async |query: &str| ids(&app.admin.get(&format!("{path}?order=asc&{query}")).await.ok());
    assert_eq!(found("").await, made);
    for (status, at) in [("active", 0), ("disabled", 1), ("expired", 2), ("revoked", 3)] {
        assert_eq!(found(&format!("status={status}")).await, made[at..=at], "{status}");
    }
    assert_eq!(found("search=ALPHA").await, made[..2]);
    assert_eq!(found("environment=test&never_used=true").await, made[1..]);
    assert_eq!(found("unused_since=2025-01-01T00:00:00Z").await, made);
    assert_eq!(found("owner_project_access=any").await, made);
    assert_eq!(found("owner_project_access=inactive").await, Vec::<String>::new());
    for (query, param) in [
        ("status=gone", "status"),
        ("never_used=2", "never_used"),
        ("unused_since=x", "unused_since"),
        ("owner_project_access=no", "owner_project_access"),
    ] {
        app.admin.get(&format!("{path}?{query}")).await.assert_error(400, "invalid_value", param);
    }
}

async fn ids_that_name_nothing_here_are_not_found(app: &TestApp) {
    let (keys, others) = (keys_of_new_project(app).await, format!("{}/api_keys", app.project("Other").await));
    let key = id(&app.admin.post(&keys, json!({"name": "A"})).await.ok());
    let paths = [
        format!("{others}/{key}"),
        format!("{keys}/key_{}", "0".repeat(32)),
        format!("{keys}/x"),
        format!("{keys}/{}", key.to_uppercase()),
    ];
    for path in paths {
        app.admin.get(&path).await.assert_error(404, "not_found", None);
        app.admin.post(&path, json!({"name": "B"})).await.assert_error(404, "not_found", None);
        app.admin.post(&format!("{path}/rotate"), json!({})).await.assert_error(404, "not_found", None);
        app.admin.post(&format!("{path}/revoke"), json!({})).await.assert_error(404, "not_found", None);
        app.admin.delete(&path).await.assert_error(404, "not_found", None);
    }
    assert_eq!(ids(&app.admin.get(&keys).await.ok()), [key]);
}
