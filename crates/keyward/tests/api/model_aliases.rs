//! `…/model_aliases`: a project's own names for models, found by the very next
//! call.

use keyward_testkit::{ManualClock, TestApp};
use serde_json::json;

use crate::support::{check_idempotency, check_versions, id, ids};

keyward_testkit::on_both_databases!(
    an_alias_answers_all_its_fields,
    what_an_alias_is_made_of_is_checked,
    an_edit_changes_what_it_names,
    ids_that_name_nothing_here_are_not_found,
    the_very_next_call_finds_it,
);

async fn an_alias_answers_all_its_fields(app: &TestApp) {
    let project = app.project("Project").await;
    let path = format!("{project}/model_aliases");
    let credential = app.admin.post(&format!("{project}/credentials"), json!({"provider": "demo"})).await.ok();
    let targets = json!([
        {"model": " openai/gpt-4o ", "weight": 3},
        {"model": "demo-small", "credential_id": id(&credential), "priority": -1},
    ]);
    let made = app.admin.post(&path, json!({"name": " smart ", "targets": targets})).await.ok();
    let expected = json!({
        "object": "organization.project.model_alias", "id": id(&made), "name": "smart", "targets": [
            {"model": "openai/gpt-4o", "credential_id": null, "priority": 0, "weight": 3},
            {"model": "demo-small", "credential_id": id(&credential), "priority": -1, "weight": 1},
        ],
        "created_at": ManualClock::START, "updated_at": ManualClock::START, "version": 1,
    });
    assert_eq!(made, expected);
    assert!(id(&made).starts_with("alias_"));
    let alias = format!("{path}/{}", id(&made));
    assert_eq!(app.admin.get(&alias).await.ok(), expected);
    assert_eq!(ids(&app.admin.get(&path).await.ok()), [id(&made)]);
    // A target whose credential is gone stays as it is.
    app.admin.delete(&format!("{project}/credentials/{}", id(&credential))).await.ok();
    let kept = app.admin.post(&alias, json!({"name": "smarter", "targets": expected["targets"]})).await.ok();
    assert_eq!((&kept["targets"], &kept["name"]), (&expected["targets"], &json!("smarter")));
    let gone = app.admin.delete(&alias).await.ok();
    assert_eq!(gone, json!({"object": "organization.project.model_alias.deleted", "id": id(&made), "deleted": true}));
    assert_eq!(app.admin.get(&path).await.ok()["data"], json!([]));
    let log = app.admin.get("/v1/organization/audit_logs?event_types[]=model_alias.deleted").await.ok();
    assert_eq!(log["data"][0]["model_alias.deleted"]["id"], id(&made));
}

async fn what_an_alias_is_made_of_is_checked(app: &TestApp) {
    let path = format!("{}/model_aliases", app.project("Project").await);
    let elsewhere = app.project("Other").await;
    let foreign = app.admin.post(&format!("{elsewhere}/credentials"), json!({"provider": "demo"})).await.ok();
    let one = json!([{"model": "m"}]);
    for (body, code, param) in [
        (json!({"targets": one}), "missing_required_parameter", "name"),
        (json!({"name": "x"}), "missing_required_parameter", "targets"),
        (json!({"name": " ", "targets": one}), "invalid_value", "name"),
        (json!({"name": "x", "targets": []}), "invalid_value", "targets"),
        (json!({"name": "x", "targets": [{}]}), "missing_required_parameter", "targets[0].model"),
        (json!({"name": "x", "targets": [{"model": ""}]}), "invalid_value", "targets[0].model"),
        (json!({"name": "x", "targets": [{"model": "m", "weight": 0}]}), "invalid_value", "targets[0].weight"),
        (json!({"name": "x", "targets": [{"model": "m"}, {"model": "m"}]}), "invalid_value", "targets[1].model"),
        (json!({"name": "x", "targets": [{"model": "m", "fast": 1}]}), "unknown_parameter", "targets[0].fast"),
        (
            json!({"name": "x", "targets": [{"model": "m", "credential_id": "x"}]}),
            "invalid_value",
            "targets[0].credential_id",
        ),
        (
            json!({"name": "x", "targets": [{"model": "m", "credential_id": id(&foreign)}]}),
            "invalid_value",
            "targets[0].credential_id",
        ),
    ] {
        app.admin.post(&path, body).await.assert_error(400, code, param);
    }
    assert_eq!(app.admin.get(&path).await.ok()["data"], json!([]));
    let (body, other) = (json!({"name": "a", "targets": one}), json!({"name": "b", "targets": one}));
    check_idempotency(&app.admin, &path, &body, &other).await;
    app.admin.post(&path, body).await.assert_error(409, "name_taken", "name");
}

async fn an_edit_changes_what_it_names(app: &TestApp) {
    let path = format!("{}/model_aliases", app.project("Project").await);
    let made = app.admin.post(&path, json!({"name": "smart", "targets": [{"model": "m"}]})).await.ok();
    let other = app.admin.post(&path, json!({"name": "fast", "targets": [{"model": "m"}]})).await.ok();
    let alias = format!("{path}/{}", id(&made));
    assert_eq!(app.admin.post(&alias, json!({})).await.ok(), made);
    let edited = app.admin.post(&alias, json!({"targets": [{"model": "n", "priority": 2}]})).await.ok();
    assert_eq!((&edited["name"], &edited["targets"][0]["model"]), (&json!("smart"), &json!("n")));
    app.admin.post(&alias, json!({"name": "fast"})).await.assert_error(409, "name_taken", "name");
    app.admin.post(&alias, json!({"targets": []})).await.assert_error(400, "invalid_value", "targets");
    check_versions(&app.admin, &format!("{path}/{}", id(&other)), &json!({"name": "quick"})).await;
}

async fn ids_that_name_nothing_here_are_not_found(app: &TestApp) {
    let path = format!("{}/model_aliases", app.project("Project").await);
    let elsewhere = format!("{}/model_aliases", app.project("Other").await);
    let foreign = app.admin.post(&elsewhere, json!({"name": "smart", "targets": [{"model": "m"}]})).await.ok();
    for wrong in [&*id(&foreign), "alias_00000000000000000000000000000000", "alias_1", "x"] {
        let alias = format!("{path}/{wrong}");
        app.admin.get(&alias).await.assert_error(404, "not_found", None);
        app.admin.post(&alias, json!({})).await.assert_error(404, "not_found", None);
        app.admin.delete(&alias).await.assert_error(404, "not_found", None);
    }
    let cursor = format!("{path}?after={}", id(&foreign));
    app.admin.get(&cursor).await.assert_error(400, "invalid_cursor", "after");
}

async fn the_very_next_call_finds_it(app: &TestApp) {
    let project = app.project("Project").await;
    app.admin.post(&format!("{project}/credentials"), json!({"provider": "demo"})).await.ok();
    let path = format!("{project}/model_aliases");
    let key = app.key_of(&project, "Key").await;
    let chat = async |model: &str| {
        let body = json!({"model": model, "messages": [{"role": "user", "content": "Hi"}]});
        key.post("/v1/chat/completions", body).await
    };
    let targets = json!([{"model": "groq/llama", "priority": -1}, {"model": "demo/demo-small"}]);
    let made = app.admin.post(&path, json!({"name": "smart", "targets": targets})).await.ok();
    assert_eq!(chat("smart").await.ok()["model"], "demo-small");
    let listed = key.get("/v1/models").await.ok();
    assert_eq!(listed["data"][0]["id"], "smart");
    let alias = format!("{path}/{}", id(&made));
    app.admin.post(&alias, json!({"name": "smarter"})).await.ok();
    assert_eq!(chat("smarter").await.ok()["model"], "demo-small");
    app.admin.delete(&alias).await.ok();
    assert!(!key.get("/v1/models").await.text().contains("smarter"));
}
