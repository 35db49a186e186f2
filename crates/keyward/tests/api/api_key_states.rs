//! `/v1/organization/projects/{project_id}/api_keys`: what becomes of a key.
//! Each change is in force before its answer.

use http::Method;
use keyward_testkit::{Actor, ManualClock, TestApp};
use serde_json::{Value, json};

use crate::support::id;

keyward_testkit::on_both_databases!(
    a_disabled_key_is_refused_until_it_is_enabled_again,
    an_expired_key_can_only_be_renamed_revoked_or_deleted,
    a_revoked_key_stays_revoked,
    a_deleted_key_is_as_if_it_never_was,
    a_rotated_keys_old_secret_dies_at_once_or_after_its_overlap,
    a_rotation_is_done_once,
    all_keys_can_be_revoked_at_once,
    a_name_is_free_again_when_its_key_is_not_live,
);

/// A key of a project that can call: its project, its path, its object, its bearer.
async fn key(app: &TestApp, fields: Value) -> (String, String, Value, Actor) {
    let project = app.project("Project").await;
    app.admin.post(&format!("{project}/credentials"), json!({"provider": "demo"})).await.ok();
    let mut body = json!({"name": "Key"});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let made = app.admin.post(&format!("{project}/api_keys"), body).await.ok();
    let bearer = app.nobody.with_key(made["value"].as_str().unwrap());
    bearer.get("/v1/models").await.ok();
    let path = format!("{project}/api_keys/{}", id(&made));
    (project, path, made, bearer)
}

async fn a_disabled_key_is_refused_until_it_is_enabled_again(app: &TestApp) {
    let (_, path, _, bearer) = key(app, json!({})).await;
    for _ in 0..2 {
        assert_eq!(app.admin.post(&path, json!({"status": "disabled"})).await.ok()["status"], "disabled");
        bearer.get("/v1/models").await.assert_error(401, "api_key_disabled", None);
        assert_eq!(app.admin.post(&path, json!({"status": "active"})).await.ok()["status"], "active");
        bearer.get("/v1/models").await.ok();
    }
    assert_eq!(app.admin.get(&path).await.ok()["version"], 5);
}

async fn an_expired_key_can_only_be_renamed_revoked_or_deleted(app: &TestApp) {
    let (_, path, _, bearer) = key(app, json!({"expires_in_seconds": 60})).await;
    app.clock.advance(59);
    bearer.get("/v1/models").await.ok();
    app.clock.advance(1);
    bearer.get("/v1/models").await.assert_error(401, "api_key_expired", None);
    assert_eq!(app.admin.get(&path).await.ok()["status"], "expired");
    for body in [json!({"expires_at": null}), json!({"status": "disabled"}), json!({"name": "B", "max_requests": 1})] {
        app.admin.post(&path, body).await.assert_error(409, "api_key_expired", None);
    }
    app.admin.post(&format!("{path}/rotate"), json!({})).await.assert_error(409, "api_key_expired", None);
    assert_eq!(app.admin.post(&path, json!({"name": "Renamed"})).await.ok()["name"], "Renamed");
    assert_eq!(app.admin.post(&format!("{path}/revoke"), json!({})).await.ok()["status"], "revoked");
    app.admin.delete(&path).await.ok();
}

async fn a_revoked_key_stays_revoked(app: &TestApp) {
    let (_, path, _, bearer) = key(app, json!({})).await;
    let revoke =
        async || app.admin.asking(Method::POST, &format!("{path}/revoke")).body("application/json", "").send().await;
    let revoked = revoke().await.ok();
    assert_eq!((&revoked["status"], &revoked["version"]), (&json!("revoked"), &json!(2)));
    bearer.get("/v1/models").await.assert_error(401, "api_key_revoked", None);
    assert_eq!(revoke().await.ok(), revoked, "twice is not an error");
    for body in [json!({"name": "B"}), json!({"status": "active"}), json!({"expires_at": null})] {
        app.admin.post(&path, body).await.assert_error(409, "api_key_revoked", None);
    }
    app.admin.post(&format!("{path}/rotate"), json!({})).await.assert_error(409, "api_key_revoked", None);
    assert_eq!(app.admin.get(&path).await.ok(), revoked);
}

async fn a_deleted_key_is_as_if_it_never_was(app: &TestApp) {
    let (project, path, made, bearer) = key(app, json!({})).await;
    let gone = app.admin.delete(&path).await.ok();
    let expected = json!({"object": "organization.project.api_key.deleted", "id": made["id"], "deleted": true});
    assert_eq!(gone, expected);
    bearer.get("/v1/models").await.assert_error(401, "invalid_api_key", None);
    app.admin.get(&path).await.assert_error(404, "not_found", None);
    app.admin.delete(&path).await.assert_error(404, "not_found", None);
    assert_eq!(app.admin.get(&format!("{project}/api_keys")).await.ok()["data"], json!([]));
    assert_eq!(app.admin.get(&project).await.ok()["api_keys"], json!({"total": 0, "active": 0}));
}

async fn a_rotated_keys_old_secret_dies_at_once_or_after_its_overlap(app: &TestApp) {
    let (_, path, made, first) = key(app, json!({})).await;
    let rotate = async |body: Value| {
        let answer = app.admin.post(&format!("{path}/rotate"), body).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        answer.ok()
    };
    let rotated = rotate(json!({})).await;
    assert_eq!((&rotated["id"], rotated.get("previous_secret")), (&made["id"], None));
    assert_ne!(rotated["redacted_value"], made["redacted_value"]);
    let second = app.nobody.with_key(rotated["value"].as_str().unwrap());
    second.get("/v1/models").await.ok();
    first.get("/v1/models").await.assert_error(401, "invalid_api_key", None);

    let overlapped = rotate(json!({"overlap_seconds": 60})).await;
    let third = app.nobody.with_key(overlapped["value"].as_str().unwrap());
    let previous = json!({"redacted_value": rotated["redacted_value"], "expires_at": ManualClock::START + 60, "last_used_at": null});
    assert_eq!(overlapped["previous_secret"], previous);
    app.clock.advance(59);
    second.get("/v1/models").await.ok();
    third.get("/v1/models").await.ok();
    app.clock.advance(1);
    second.get("/v1/models").await.assert_error(401, "invalid_api_key", None);
    third.get("/v1/models").await.ok();
    let shown = app.admin.get(&path).await.ok();
    assert_eq!((shown.get("previous_secret"), shown.get("value")), (None, None));

    for (overlap, code) in
        [(json!(-1), "invalid_value"), (json!(30 * 24 * 3600 + 1), "invalid_value"), (json!("1"), "invalid_type")]
    {
        let refused = app.admin.post(&format!("{path}/rotate"), json!({"overlap_seconds": overlap})).await;
        refused.assert_error(400, code, "overlap_seconds");
    }
    third.get("/v1/models").await.ok();
}

async fn a_rotation_is_done_once(app: &TestApp) {
    let (_, path, made, _) = key(app, json!({})).await;
    let rotate =
        || app.admin.asking(Method::POST, &format!("{path}/rotate")).header("idempotency-key", "once").json(&json!({}));
    let rotated = rotate().send().await.ok();
    let replay = rotate().send().await;
    replay.assert_error(409, "idempotent_replay", "Idempotency-Key");
    let text = replay.text();
    assert!(text.contains(&id(&made)) && !text.contains(rotated["value"].as_str().unwrap()), "{text}");
    app.nobody.with_key(rotated["value"].as_str().unwrap()).get("/v1/models").await.ok();
}

async fn all_keys_can_be_revoked_at_once(app: &TestApp) {
    let (project, path, _, bearer) = key(app, json!({})).await;
    let second = app.key_of(&project, "Second").await;
    app.admin.post(&format!("{project}/api_keys"), json!({"name": "Revoked"})).await.ok();
    let revoked = app.admin.get(&format!("{project}/api_keys")).await.ok()["data"][0].clone();
    app.admin.post(&format!("{project}/api_keys/{}/revoke", id(&revoked)), json!({})).await.ok();
    let other = app.project("Other").await;
    app.admin.post(&format!("{other}/credentials"), json!({"provider": "demo"})).await.ok();
    let others = app.key_of(&other, "Other").await;

    let revoke_all = format!("{project}/api_keys/revoke_all");
    let counts = app.admin.post(&revoke_all, json!({})).await.ok();
    assert_eq!(counts, json!({"revoked": 2, "already_revoked": 1, "total": 3}));
    for bearer in [&bearer, &second] {
        bearer.get("/v1/models").await.assert_error(401, "api_key_revoked", None);
    }
    others.get("/v1/models").await.ok();
    let counts = app.admin.post(&revoke_all, json!({})).await.ok();
    assert_eq!(counts, json!({"revoked": 0, "already_revoked": 3, "total": 3}));
    assert_eq!(app.admin.get(&path).await.ok()["status"], "revoked");
    app.admin.post(&format!("{project}x/api_keys/revoke_all"), json!({})).await.assert_error(404, "not_found", None);
}

async fn a_name_is_free_again_when_its_key_is_not_live(app: &TestApp) {
    let keys = format!("{}/api_keys", app.project("Project").await);
    let make = async |seconds: Option<u64>| {
        app.admin.post(&keys, json!({"name": "Same", "expires_in_seconds": seconds})).await
    };
    let first = make(None).await.ok();
    make(None).await.assert_error(409, "name_taken", "name");
    app.admin.post(&format!("{keys}/{}", id(&first)), json!({"status": "disabled"})).await.ok();
    make(None).await.assert_error(409, "name_taken", "name");
    app.admin.post(&format!("{keys}/{}/revoke", id(&first)), json!({})).await.ok();
    make(Some(10)).await.ok();
    app.clock.advance(10);
    let third = make(None).await.ok();
    app.admin.delete(&format!("{keys}/{}", id(&third))).await.ok();
    make(None).await.ok();
}
