//! `/v1/organization/audit_logs`: what was done over HTTP stands in it, and
//! nothing else.

use http::Method;
use keyward_testkit::{ManualClock, TestApp};
use serde_json::{Value, json};

use crate::support::{PROJECTS, id};

keyward_testkit::on_both_databases!(
    a_change_is_an_event_with_all_its_fields,
    each_change_writes_one_event_and_a_refused_one_writes_none,
    filters_that_make_no_sense_are_refused,
    the_log_is_proven_and_exported,
);

const LOG: &str = "/v1/organization/audit_logs";

async fn types(app: &TestApp, query: &str) -> Vec<String> {
    let list = app.admin.get(&format!("{LOG}?order=asc&limit=100&{query}")).await.ok();
    list["data"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
}

async fn a_change_is_an_event_with_all_its_fields(app: &TestApp) {
    let path = app.project("Before").await;
    let asking = app.admin.asking(Method::POST, &path).header("user-agent", "tests/1.0");
    let answer = asking.json(&json!({"name": "After"})).send().await;
    let request_id = answer.header("x-request-id").unwrap().to_owned();
    let project = answer.ok();
    let events = app.admin.get(&format!("{LOG}?request_id={request_id}")).await.ok();
    let event = &events["data"][0];
    let key = app.admin.get("/v1/organization/admin_api_keys").await.ok()["data"][0].clone();
    assert_eq!(
        *event,
        json!({
            "object": "organization.audit_log", "id": id(event), "type": "project.updated", "effective_at": ManualClock::START,
            "project": {"id": project["id"], "name": "After"},
            "actor": {"type": "api_key", "api_key": {"id": key["id"], "type": "user",
                "user": {"id": key["owner"]["id"], "email": "first@example.com"}}},
            "project.updated": {"id": project["id"], "changes_requested": {"name": "After"}},
            "sequence": 5, "outcome": "success", "before": {"name": "Before"}, "after": {"name": "After"},
            "targets": [project["id"]], "ip_address": "127.0.0.1", "user_agent": "tests/1.0", "request_id": request_id,
            "hash": event["hash"],
        })
    );
    assert!(event["hash"].as_str().is_some_and(|hash| hash.len() == 64));
    assert_eq!(events["data"].as_array().unwrap().len(), 1);
}

async fn each_change_writes_one_event_and_a_refused_one_writes_none(app: &TestApp) {
    let made_up_front = types(app, "").await;
    assert_eq!(made_up_front, ["organization.created", "user.added", "admin_api_key.created"]);
    let project = app.project("Project").await;
    let post = async |path: &str, body: Value| app.admin.post(path, body).await.ok();
    post(&project, json!({"description": "anew"})).await;
    let credential = format!("{project}/credentials");
    let credential = format!("{credential}/{}", id(&post(&credential, json!({"provider": "demo"})).await));
    post(&credential, json!({"priority": 1})).await;
    let keys = format!("{project}/api_keys");
    let key = format!("{keys}/{}", id(&post(&keys, json!({"name": "Key"})).await));
    post(&key, json!({"status": "disabled"})).await;
    post(&format!("{key}/rotate"), json!({})).await;
    post(&format!("{key}/revoke"), json!({})).await;
    app.admin.delete(&key).await.ok();
    post(&keys, json!({"name": "Another"})).await;
    post(&format!("{keys}/revoke_all"), json!({})).await;
    app.admin.delete(&credential).await.ok();
    post(&format!("{project}/archive"), json!({})).await;
    post(&format!("{project}/activate"), json!({})).await;
    let expected = [
        "project.created",
        "project.updated",
        "credential.created",
        "credential.updated",
        "api_key.created",
        "api_key.updated",
        "api_key.rotated",
        "api_key.revoked",
        "api_key.deleted",
        "api_key.created",
        "api_keys.revoked_all",
        "credential.deleted",
        "project.archived",
        "project.activated",
    ];
    assert_eq!(types(app, "").await[3..], expected);

    // What is refused, or changes nothing, leaves no trace.
    app.admin.post(PROJECTS, json!({"name": "Project"})).await.assert_error(409, "name_taken", "name");
    app.admin.post(&project, json!({"name": ""})).await.assert_error(400, "invalid_value", "name");
    app.admin.delete(&project).await.assert_error(405, "project_deletion_not_allowed", None);
    app.stranger.post(&project, json!({"name": "Theirs"})).await.assert_error(404, "not_found", None);
    post(&project, json!({"description": "anew"})).await;
    post(&format!("{project}/activate"), json!({})).await;
    post(&format!("{keys}/revoke_all"), json!({})).await;
    assert_eq!(types(app, "").await[3..], expected);
    assert_eq!(types(app, "event_types[]=api_key.*&event_types[]=credential.deleted").await.len(), 7);
    assert_eq!(types(app, "search=ANEW").await, ["project.updated"]);
    let project_id = project.rsplit('/').next().unwrap();
    assert_eq!(types(app, &format!("project_ids={project_id}")).await.len(), expected.len());
    assert!(types(app, "outcome=denied").await.is_empty());
}

async fn filters_that_make_no_sense_are_refused(app: &TestApp) {
    for (query, param) in [
        ("effective_at[gte]=yesterday", "effective_at[gte]"),
        ("event_types[]=nothing.created", "event_types"),
        ("outcome=good", "outcome"),
        ("ip=localhost", "ip"),
        ("tenant_only=true", "tenant_only"),
    ] {
        app.admin.get(&format!("{LOG}?{query}")).await.assert_error(400, "invalid_value", param);
    }
    app.admin.get(&format!("{LOG}?effective_at[eq]=1")).await.assert_error(
        400,
        "unknown_parameter",
        "effective_at[eq]",
    );
    app.admin.get(&format!("{LOG}/export?format=xml")).await.assert_error(400, "invalid_value", "format");
    app.admin.get(&format!("{LOG}/export?limit=1")).await.assert_error(400, "unknown_parameter", "limit");
    app.admin.get(&format!("{LOG}/verify?x=1")).await.assert_error(400, "unknown_parameter", "x");
    for method in [Method::POST, Method::DELETE, Method::PUT] {
        app.admin.asking(method, LOG).send().await.assert_error(405, "method_not_allowed", None);
    }
}

async fn the_log_is_proven_and_exported(app: &TestApp) {
    app.project("Project").await;
    let proof = app.admin.get(&format!("{LOG}/verify")).await.ok();
    assert_eq!((&proof["valid"], &proof["events"], proof.get("first_broken")), (&json!(true), &json!(4), None));
    assert_eq!(proof["head"]["sequence"], 4);
    for (format, kind) in [("jsonl", "application/x-ndjson"), ("csv", "text/csv"), ("ocsf", "application/x-ndjson")] {
        let export = app.admin.get(&format!("{LOG}/export?format={format}")).await;
        assert_eq!(export.status, 200);
        assert!(export.header("content-type").unwrap().starts_with(kind), "{:?}", export.headers);
        let lines = export.text().lines().count();
        assert!((4..=6).contains(&lines), "{}", export.text());
        assert!(!export.text().contains("second@example.com"));
    }
}
