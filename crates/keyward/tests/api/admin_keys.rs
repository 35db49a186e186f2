//! `/v1/organization/admin_api_keys`, and `/v1/organization/permissions`.

use keyward_testkit::{ManualClock, TestApp};
use serde_json::json;

use crate::support::{PROJECTS, check_idempotency, check_names, check_unknown_fields, id, ids};

keyward_testkit::on_both_databases!(
    a_new_admin_key_answers_all_its_fields_and_its_secret_once,
    what_an_admin_key_is_made_of_is_checked,
    the_same_creation_twice_makes_one_admin_key,
    a_deleted_or_expired_admin_key_opens_nothing,
    ids_that_name_nothing_here_are_not_found,
    an_admin_key_is_read_from_every_accepted_header,
    every_permission_is_listed,
);

const KEYS: &str = "/v1/organization/admin_api_keys";

async fn a_new_admin_key_answers_all_its_fields_and_its_secret_once(app: &TestApp) {
    let answer = app.admin.post(KEYS, json!({"name": "CI", "expires_in_seconds": 3600})).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let mut made = answer.ok();
    let value = made.as_object_mut().unwrap().remove("value").unwrap();
    let value = value.as_str().unwrap();
    assert!(value.starts_with("sk-admin-") && value.len() == 58, "prefix, 43 and 6 characters");
    let owner = &made["owner"]["id"];
    let expected = json!({
        "object": "organization.admin_api_key", "id": id(&made), "name": "CI",
        "roles": [], "redacted_value": format!("sk-admin-...{}", &value[54..]), "created_at": ManualClock::START,
        "expires_at": ManualClock::START + 3600, "last_used_at": null,
        "owner": {"type": "user", "object": "organization.user", "id": owner, "name": "first",
            "email": "first@example.com", "created_at": ManualClock::START, "role": "owner"},
    });
    assert_eq!(made, expected);
    assert_eq!(app.admin.get(&format!("{KEYS}/{}", id(&made))).await.ok(), expected);
    let list = app.admin.get(KEYS).await.ok();
    assert_eq!((ids(&list).len(), &list["data"][1]), (2, &expected));
    app.nobody.with_key(value).get(PROJECTS).await.ok();
    let used = app.admin.get(&format!("{KEYS}/{}", id(&made))).await.ok();
    assert_eq!(used["last_used_at"], ManualClock::START);
}

async fn what_an_admin_key_is_made_of_is_checked(app: &TestApp) {
    app.admin.post(KEYS, json!({})).await.assert_error(400, "missing_required_parameter", "name");
    for (body, code, param) in [
        (json!({"name": 1}), "invalid_type", "name"),
        (json!({"name": "A", "expires_in_seconds": 0}), "invalid_value", "expires_in_seconds"),
        (json!({"name": "A", "expires_in_seconds": 31_536_001}), "invalid_value", "expires_in_seconds"),
        (json!({"name": "A", "expires_in_seconds": "1"}), "invalid_type", "expires_in_seconds"),
    ] {
        app.admin.post(KEYS, body).await.assert_error(400, code, param);
    }
    let later = ["scopes", "limits", "budget", "expires_at", "value"];
    check_unknown_fields(&app.admin, KEYS, &json!({"name": "A"}), &later).await;
    check_names(&app.admin, KEYS, |name| json!({"name": name})).await;
}

async fn the_same_creation_twice_makes_one_admin_key(app: &TestApp) {
    check_idempotency(&app.admin, KEYS, &json!({"name": "Once"}), &json!({"name": "Other"})).await;
    assert_eq!(ids(&app.admin.get(KEYS).await.ok()).len(), 2);
}

async fn a_deleted_or_expired_admin_key_opens_nothing(app: &TestApp) {
    let deleted = app.admin.post(KEYS, json!({"name": "Deleted"})).await.ok();
    let bearer = app.nobody.with_key(deleted["value"].as_str().unwrap());
    bearer.get(PROJECTS).await.ok();
    let gone = bearer.delete(&format!("{KEYS}/{}", id(&deleted))).await.ok();
    assert_eq!(gone, json!({"object": "organization.admin_api_key.deleted", "id": deleted["id"], "deleted": true}));
    bearer.get(PROJECTS).await.assert_error(401, "invalid_api_key", None);
    app.admin.delete(&format!("{KEYS}/{}", id(&deleted))).await.assert_error(404, "not_found", None);

    let short = app.admin.post(KEYS, json!({"name": "Short", "expires_in_seconds": 60})).await.ok();
    let bearer = app.nobody.with_key(short["value"].as_str().unwrap());
    app.clock.advance(59);
    bearer.get(PROJECTS).await.ok();
    app.clock.advance(1);
    bearer.get(PROJECTS).await.assert_error(401, "api_key_expired", None);
}

async fn ids_that_name_nothing_here_are_not_found(app: &TestApp) {
    let theirs = ids(&app.stranger.get(KEYS).await.ok())[0].clone();
    for id in [theirs, format!("admkey_{}", "0".repeat(32)), "x".to_owned(), format!("key_{}", "0".repeat(32))] {
        app.admin.get(&format!("{KEYS}/{id}")).await.assert_error(404, "not_found", None);
        app.admin.delete(&format!("{KEYS}/{id}")).await.assert_error(404, "not_found", None);
    }
    app.stranger.get(KEYS).await.ok();
}

async fn an_admin_key_is_read_from_every_accepted_header(app: &TestApp) {
    let key = app.admin.key().unwrap().to_owned();
    let ask = |name: &'static str, value: &str| {
        let asking = app.nobody.asking(http::Method::GET, PROJECTS).header(name, value);
        async move { asking.send().await }
    };
    for (name, value) in
        [("x-api-key", key.clone()), ("api-key", key.clone()), ("authorization", format!("bearer {key}"))]
    {
        ask(name, &value).await.ok();
    }
    for value in [key.clone(), format!("Basic {key}"), format!("Digest {key}"), "Bearer".to_owned()] {
        ask("authorization", &value).await.assert_error(401, "invalid_api_key", None);
    }
    let asking = app.admin.asking(http::Method::GET, PROJECTS).header("x-api-key", app.stranger.key().unwrap());
    asking.send().await.assert_error(400, "conflicting_credentials", None);
    app.admin.asking(http::Method::GET, PROJECTS).header("x-api-key", &key).send().await.ok();
}

async fn every_permission_is_listed(app: &TestApp) {
    let list = app.admin.get("/v1/organization/permissions").await.ok();
    let listed = ids(&list);
    assert_eq!(
        (&list["object"], &list["has_more"], listed.len()),
        (&json!("list"), &json!(false), keyward_domain::permission::Permission::ALL.len())
    );
    assert!(list["data"].as_array().unwrap().contains(
        &json!({"object": "organization.permission", "id": "api_keys:create", "kind": "administration",
        "built_in_roles": [
            {"id": "role_00000000000070008000000000000001", "name": "Organization Owner"},
            {"id": "role_00000000000070008000000000000002", "name": "Organization Admin"},
            {"id": "role_00000000000070008000000000000005", "name": "Project Admin"},
        ]})
    ));
    app.admin.get("/v1/organization/permissions?limit=1").await.assert_error(400, "unknown_parameter", "limit");
}
