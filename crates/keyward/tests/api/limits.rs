//! `…/limits`, `…/rate_limits`, `…/model_permissions`, and the limits of keys:
//! changed by operators, held by the very next call.

use keyward_testkit::{Actor, ManualClock, TestApp};
use serde_json::{Value, json};

use crate::support::{check_idempotency, check_versions, id, ids};

keyward_testkit::on_both_databases!(
    a_limit_answers_all_its_fields,
    what_a_limit_is_made_of_is_checked,
    an_edit_changes_what_it_names,
    a_project_has_one_limit_for_a_model_and_a_hundred_in_all,
    ids_that_name_nothing_here_are_not_found,
    the_specifications_rate_limits_are_the_limits_of_models,
    a_keys_limits_are_fields_of_the_key,
    a_change_holds_the_very_next_call,
    a_calls_end_makes_place_for_the_next,
    the_specifications_model_permissions_are_the_projects_list,
);

const CHAT: &str = "/v1/chat/completions";

async fn limits_of(app: &TestApp) -> String {
    format!("{}/limits", app.project("Project").await)
}

async fn chat(key: &Actor) -> keyward_testkit::Answer {
    key.post(CHAT, json!({"model": "demo-small", "messages": [{"role": "user", "content": "Hi"}]})).await
}

async fn a_limit_answers_all_its_fields(app: &TestApp) {
    let path = limits_of(app).await;
    let made = app.admin.post(&path, json!({"model": " gpt-4o* ", "requests_per_minute": 60})).await.ok();
    let expected = json!({
        "object": "organization.project.limit", "id": id(&made), "model": "gpt-4o*", "requests_per_minute": 60,
        "tokens_per_minute": null, "parallel_requests": null, "shadow": false, "created_at": ManualClock::START,
        "updated_at": ManualClock::START, "version": 1,
    });
    assert_eq!(made, expected);
    assert!(id(&made).starts_with("limit_"));
    assert_eq!(app.admin.get(&format!("{path}/{}", id(&made))).await.ok(), expected);
    let all = app.admin.post(&path, json!({"model": null, "parallel_requests": 3})).await.ok();
    assert_eq!((&all["model"], &all["parallel_requests"]), (&json!(null), &json!(3)));
    assert_eq!(ids(&app.admin.get(&path).await.ok()), [id(&all), id(&made)]);
    let gone = app.admin.delete(&format!("{path}/{}", id(&all))).await.ok();
    assert_eq!(gone, json!({"object": "organization.project.limit.deleted", "id": id(&all), "deleted": true}));
    assert_eq!(ids(&app.admin.get(&path).await.ok()), [id(&made)]);
    let log = app.admin.get("/v1/organization/audit_logs?event_types[]=rate_limit.deleted").await.ok();
    assert_eq!(log["data"][0]["rate_limit.deleted"]["id"], id(&all));
}

async fn what_a_limit_is_made_of_is_checked(app: &TestApp) {
    let path = limits_of(app).await;
    for (body, code, param) in [
        (json!({}), "invalid_value", "requests_per_minute"),
        (json!({"model": "x"}), "invalid_value", "requests_per_minute"),
        (json!({"requests_per_minute": 0}), "invalid_value", "requests_per_minute"),
        (json!({"tokens_per_minute": -1}), "invalid_value", "tokens_per_minute"),
        (json!({"parallel_requests": 1_000_000_001}), "invalid_value", "parallel_requests"),
        (json!({"requests_per_minute": "60"}), "invalid_type", "requests_per_minute"),
        (json!({"requests_per_minute": 1.5}), "invalid_type", "requests_per_minute"),
        (json!({"model": "[", "requests_per_minute": 1}), "invalid_value", "model"),
        (json!({"model": "a\u{7}", "requests_per_minute": 1}), "invalid_value", "model"),
        (json!({"model": 7, "requests_per_minute": 1}), "invalid_type", "model"),
        (json!({"requests_per_minute": 1, "requests_per_day": 5}), "unknown_parameter", "requests_per_day"),
    ] {
        app.admin.post(&path, body).await.assert_error(400, code, param);
    }
    assert_eq!(app.admin.get(&path).await.ok()["data"], json!([]));
    let (body, other) = (json!({"requests_per_minute": 5}), json!({"requests_per_minute": 6}));
    check_idempotency(&app.admin, &path, &body, &other).await;
}

async fn an_edit_changes_what_it_names(app: &TestApp) {
    let path = limits_of(app).await;
    let body = json!({"model": "gpt*", "requests_per_minute": 60, "tokens_per_minute": 1000});
    let made = app.admin.post(&path, body).await.ok();
    let limit = format!("{path}/{}", id(&made));
    assert_eq!(app.admin.post(&limit, json!({})).await.ok(), made);
    let edited = app.admin.post(&limit, json!({"requests_per_minute": null, "parallel_requests": 2})).await.ok();
    let numbers = ["requests_per_minute", "tokens_per_minute", "parallel_requests"].map(|name| edited[name].clone());
    assert_eq!(numbers, [json!(null), json!(1000), json!(2)]);
    assert_eq!((&edited["model"], &edited["version"]), (&json!("gpt*"), &json!(2)));
    assert_eq!(app.admin.post(&limit, json!({"model": null})).await.ok()["model"], json!(null));
    let nothing = json!({"tokens_per_minute": null, "parallel_requests": null});
    app.admin.post(&limit, nothing).await.assert_error(400, "invalid_value", "requests_per_minute");
    check_versions(&app.admin, &limit, &json!({"tokens_per_minute": 7})).await;
}

async fn a_project_has_one_limit_for_a_model_and_a_hundred_in_all(app: &TestApp) {
    let path = limits_of(app).await;
    for model in [json!(null), json!("gpt*")] {
        let body = json!({"model": model, "requests_per_minute": 1});
        app.admin.post(&path, body.clone()).await.ok();
        app.admin.post(&path, body).await.assert_error(409, "limit_exists", "model");
    }
    let other = app.admin.post(&path, json!({"model": "o3", "requests_per_minute": 1})).await.ok();
    let renaming = app.admin.post(&format!("{path}/{}", id(&other)), json!({"model": "gpt*"})).await;
    renaming.assert_error(409, "limit_exists", "model");
    for number in 3..100 {
        let body = json!({"model": format!("m{number}"), "requests_per_minute": 1});
        app.admin.post(&path, body).await.ok();
    }
    let more = app.admin.post(&path, json!({"model": "more", "requests_per_minute": 1})).await;
    more.assert_error(409, "too_many_limits", None);
}

async fn ids_that_name_nothing_here_are_not_found(app: &TestApp) {
    let path = limits_of(app).await;
    let elsewhere = format!("{}/limits", app.project("Other").await);
    let foreign = app.admin.post(&elsewhere, json!({"requests_per_minute": 1})).await.ok();
    for wrong in [&*id(&foreign), "limit_00000000000000000000000000000000", "limit_1", "x"] {
        let limit = format!("{path}/{wrong}");
        app.admin.get(&limit).await.assert_error(404, "not_found", None);
        app.admin.post(&limit, json!({})).await.assert_error(404, "not_found", None);
        app.admin.delete(&limit).await.assert_error(404, "not_found", None);
        let rate = format!("{}/{wrong}", path.replace("/limits", "/rate_limits"));
        app.admin.post(&rate, json!({})).await.assert_error(404, "not_found", None);
    }
    let cursor = format!("{path}?after={}", id(&foreign));
    app.admin.get(&cursor).await.assert_error(400, "invalid_cursor", "after");
}

async fn the_specifications_rate_limits_are_the_limits_of_models(app: &TestApp) {
    let path = limits_of(app).await;
    let rates = path.replace("/limits", "/rate_limits");
    let all = app.admin.post(&path, json!({"requests_per_minute": 1})).await.ok();
    let some = app.admin.post(&path, json!({"model": "gpt-4o", "requests_per_minute": 60})).await.ok();
    let listed = app.admin.get(&rates).await.ok();
    let expected = json!({"object": "project.rate_limit", "id": id(&some), "model": "gpt-4o",
        "max_requests_per_1_minute": 60, "max_tokens_per_1_minute": null, "shadow": false});
    assert_eq!(listed["data"], json!([expected]));
    let rate = format!("{rates}/{}", id(&some));
    let changed = app.admin.post(&rate, json!({"max_tokens_per_1_minute": 9})).await.ok();
    assert_eq!((&changed["max_requests_per_1_minute"], &changed["max_tokens_per_1_minute"]), (&json!(60), &json!(9)));
    for (body, code, param) in [
        (json!({"max_requests_per_1_minute": 0}), "invalid_value", "max_requests_per_1_minute"),
        (json!({"max_images_per_1_minute": 5}), "invalid_type", "max_images_per_1_minute"),
        (json!({"requests_per_minute": 5}), "unknown_parameter", "requests_per_minute"),
    ] {
        app.admin.post(&rate, body).await.assert_error(400, code, param);
    }
    app.admin.post(&rate, json!({"max_images_per_1_minute": null})).await.ok();
    app.admin.post(&format!("{rates}/{}", id(&all)), json!({})).await.assert_error(404, "not_found", None);
}

async fn a_keys_limits_are_fields_of_the_key(app: &TestApp) {
    let path = format!("{}/api_keys", app.project("Project").await);
    let none =
        json!({"requests_per_minute": null, "tokens_per_minute": null, "parallel_requests": null, "shadow": false});
    let plain = app.admin.post(&path, json!({"name": "Plain", "limits": null})).await.ok();
    assert_eq!(plain["limits"], none);
    let limits = json!({"requests_per_minute": 5, "tokens_per_minute": 100});
    let made = app.admin.post(&path, json!({"name": "Limited", "limits": limits})).await.ok();
    assert_eq!(
        made["limits"],
        json!({"requests_per_minute": 5, "tokens_per_minute": 100, "parallel_requests": null, "shadow": false})
    );
    let key = format!("{path}/{}", id(&made));
    let edited = app.admin.post(&key, json!({"limits": {"requests_per_minute": 6, "tokens_per_minute": null}})).await;
    let expected =
        json!({"requests_per_minute": 6, "tokens_per_minute": null, "parallel_requests": null, "shadow": false});
    assert_eq!(edited.ok()["limits"], expected);
    assert_eq!(app.admin.post(&key, json!({"name": "Renamed"})).await.ok()["limits"], expected);
    for (limits, code, param) in [
        (json!({"requests_per_minute": 0}), "invalid_value", "limits.requests_per_minute"),
        (json!({"requests_per_minute": "5"}), "invalid_type", "limits.requests_per_minute"),
        (json!({"requests": 5}), "unknown_parameter", "limits.requests"),
        (json!([5]), "invalid_type", "limits"),
    ] {
        app.admin.post(&key, json!({"limits": limits})).await.assert_error(400, code, param);
    }
    assert_eq!(app.admin.post(&key, json!({"limits": null})).await.ok()["limits"], none);
}

async fn a_change_holds_the_very_next_call(app: &TestApp) {
    let project = app.project("Project").await;
    app.admin.post(&format!("{project}/credentials"), json!({"provider": "demo"})).await.ok();
    let key = app.key_of(&project, "Key").await;
    let path = format!("{project}/limits");
    chat(&key).await.ok();
    let limit = app.admin.post(&path, json!({"model": "demo*", "requests_per_minute": 2})).await.ok();
    for left in ["1", "0"] {
        assert_eq!(chat(&key).await.header("x-ratelimit-remaining-requests"), Some(left));
    }
    let refused = chat(&key).await;
    refused.assert_error(429, "rate_limit_exceeded", None);
    assert_eq!(refused.header("retry-after"), Some("30"));
    let limit = format!("{path}/{}", id(&limit));
    app.admin.post(&limit, json!({"requests_per_minute": 4})).await.ok();
    chat(&key).await.assert_error(429, "rate_limit_exceeded", None);
    app.clock.advance(15);
    chat(&key).await.ok();
    app.admin.delete(&limit).await.ok();
    let answer = chat(&key).await;
    assert_eq!(answer.header("x-ratelimit-remaining-requests"), None);
    answer.ok();
}

async fn a_calls_end_makes_place_for_the_next(app: &TestApp) {
    let project = app.project("Project").await;
    app.admin.post(&format!("{project}/credentials"), json!({"provider": "demo"})).await.ok();
    let body = json!({"parallel_requests": 1, "tokens_per_minute": 1_000_000});
    app.admin.post(&format!("{project}/limits"), body).await.ok();
    let key = app.key_of(&project, "Key").await;
    for _ in 0..3 {
        // On a shared database the end of a call is written down a moment behind its answer.
        let mut answer = chat(&key).await;
        while answer.status == 429 {
            tokio::task::yield_now().await;
            answer = chat(&key).await;
        }
        answer.ok();
    }
}

async fn the_specifications_model_permissions_are_the_projects_list(app: &TestApp) {
    let project = app.project("Project").await;
    let path = format!("{project}/model_permissions");
    let nothing = json!({"object": "project.model_permissions", "mode": "deny_list", "model_ids": []});
    assert_eq!(app.admin.get(&path).await.ok(), nothing);
    let body = json!({"mode": "allow_list", "model_ids": ["gpt-4o*"]});
    let updated = app.admin.post(&path, body.clone()).await.ok();
    assert_eq!(updated, json!({"object": "project.model_permissions", "mode": "allow_list", "model_ids": ["gpt-4o*"]}));
    assert_eq!(app.admin.get(&path).await.ok(), updated);
    assert_eq!(app.admin.get(&project).await.ok()["model_permissions"], body);
    for (body, code, param) in [
        (json!({"mode": "allow_list"}), "missing_required_parameter", "model_ids"),
        (json!({"mode": "some", "model_ids": []}), "invalid_type", "mode"),
        (json!({"mode": "allow_list", "model_ids": ["["]}), "invalid_value", "model_ids[0]"),
    ] {
        app.admin.post(&path, body).await.assert_error(400, code, param);
    }
    let gone = app.admin.delete(&path).await.ok();
    assert_eq!(gone, json!({"object": "project.model_permissions.deleted", "deleted": true}));
    assert_eq!(app.admin.get(&path).await.ok(), nothing);
    assert_eq!(app.admin.get(&project).await.ok()["model_permissions"], Value::Null);
}
