//! The audit log over HTTP: the specification's shape, search, export and
//! proof.
#![cfg(test)]

mod support;

use keyward_service::audit::verify_export;
use serde_json::{Value, json};
use support::TestApi;

const PLACE: &str = "/v1/organization/audit_logs";

async fn types(api: &TestApi, query: &str) -> Vec<String> {
    let listed = api.get(&format!("{PLACE}?{query}")).await.ok();
    listed["data"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
}

/// A project that was made, renamed and archived; answers its path and id.
async fn story(api: &TestApi) -> (String, String) {
    let path = api.project("Search").await;
    api.post(&path, json!({ "name": "Find" })).await.ok();
    api.post(&format!("{path}/archive"), json!({})).await.ok();
    let id = path.rsplit('/').next().unwrap().to_owned();
    (path, id)
}

#[tokio::test]
async fn an_event_is_answered_as_specified() {
    let api = TestApi::start().await;
    let (_, project) = story(&api).await;
    let listed = api.get(&format!("{PLACE}?resource_ids[]={project}")).await.ok();
    let [archived, updated, created] = listed["data"].as_array().unwrap().as_slice() else { panic!("{listed}") };
    let key = api.get("/v1/organization/admin_api_keys").await.ok()["data"][0].clone();
    let actor = json!({
        "type": "api_key",
        "api_key": {
            "id": key["id"], "type": "user",
            "user": { "id": key["owner"]["id"], "email": "first@example.com" },
        },
    });
    let expected = json!({
        "object": "organization.audit_log", "id": updated["id"], "type": "project.updated",
        "effective_at": 1_767_225_600, "project": { "id": project, "name": "Find" }, "actor": actor,
        "project.updated": { "id": project, "changes_requested": { "name": "Find" } },
        "sequence": 5, "outcome": "success",
        "before": { "name": "Search" }, "after": { "name": "Find" },
        "targets": [project], "ip_address": "192.0.2.1", "user_agent": null,
        "request_id": updated["request_id"], "hash": updated["hash"],
    });
    let mut updated = updated.clone();
    // Times and versions change with every edit; what else does is told.
    for state in ["before", "after"] {
        retain(&mut updated[state], &["name"]);
    }
    retain(&mut updated["project.updated"]["changes_requested"], &["name"]);
    assert_eq!(updated, expected);
    assert!(updated["request_id"].as_str().unwrap().starts_with("req_"));
    assert_eq!(updated["hash"].as_str().unwrap().len(), 64);
    assert_eq!(created["project.created"]["data"]["name"], "Search");
    assert_eq!(archived["project.archived"], json!({ "id": project }));
}

fn retain(state: &mut Value, names: &[&str]) {
    state.as_object_mut().unwrap().retain(|name, _| names.contains(&name.as_str()));
}

#[tokio::test]
async fn what_keyward_itself_did_is_its_own() {
    let api = TestApi::start().await;
    let listed = api.get(&format!("{PLACE}?order=asc")).await.ok();
    let events = listed["data"].as_array().unwrap();
    let types: Vec<_> = events.iter().map(|event| &event["type"]).collect();
    assert_eq!(types, ["organization.created", "user.added", "admin_api_key.created"]);
    for event in events {
        assert_eq!(event["actor"], json!({ "type": "system" }));
        assert!(event.get("project").is_none());
    }
    assert_eq!(events[1]["user.added"]["data"]["role"], "Organization Owner");
    assert!(!listed.to_string().contains("sk-admin-"), "{listed}");
}

#[tokio::test]
async fn every_filter_is_read() {
    let api = TestApi::start().await;
    let (_, project) = story(&api).await;
    let all = ["project.archived", "project.updated", "project.created"];
    for (query, expected) in [
        (format!("project_ids={project}"), all.as_slice()),
        ("event_types[]=project.*&limit=2".into(), &all[..2]),
        ("event_types[0]=project.created&event_types[1]=project.updated".into(), &all[1..]),
        (format!("resource_ids[]={project}&effective_at[gte]=1767225600&effective_at[lte]=1767225600"), &all),
        (format!("resource_ids[]={project}&effective_at[gt]=1767225599&effective_at[lt]=1767225601"), &all),
        ("effective_at[gte]=2026-01-01T00:00:00Z&event_types=project.created".into(), &all[2..]),
        ("effective_at[gt]=1767225600".into(), &[]),
        ("effective_at[lt]=1767225600".into(), &[]),
        ("effective_at[lt]=2026-01-01T00:00:00Z".into(), &[]),
        ("actor_emails[]=first@example.com&event_types[]=*.archived".into(), &all[..1]),
        ("actor_emails[]=nobody@example.com".into(), &[]),
        ("actor_ids[]=nonsense".into(), &[]),
        ("outcome=denied".into(), &[]),
        ("outcome=success&ip=192.0.2.1&search=search".into(), &all[1..]),
        ("ip=2001:db8::1".into(), &[]),
        ("request_id=req_1".into(), &[]),
        ("tenant_only=false&event_types=project.created".into(), &all[2..]),
    ] {
        assert_eq!(types(&api, &query).await, expected, "{query}");
    }
    for (query, param) in [
        ("event_types[]=no.such.event", "event_types"),
        ("effective_at[gte]=soon", "effective_at[gte]"),
        ("effective_at=1", "effective_at"),
        ("tenant_only=true", "tenant_only"),
        ("outcome=good", "outcome"),
        ("ip=here", "ip"),
        ("limit=0", "limit"),
        ("after=nonsense", "after"),
        ("types=project.created", "types"),
    ] {
        let refused = api.get(&format!("{PLACE}?{query}")).await;
        assert_eq!((refused.status, refused.json["error"]["param"].as_str()), (400, Some(param)), "{query}");
    }
}

#[tokio::test]
async fn pages_follow_each_other_and_a_strangers_event_is_no_cursor() {
    let api = TestApi::start().await;
    story(&api).await;
    let first = api.get(&format!("{PLACE}?limit=4")).await.ok();
    assert_eq!(first["has_more"], true);
    let last = first["last_id"].as_str().unwrap();
    let second = api.get(&format!("{PLACE}?limit=4&after={last}")).await.ok();
    assert_eq!((second["data"].as_array().unwrap().len(), &second["has_more"]), (2, &json!(false)));

    let stranger = api.stranger().await;
    let theirs = api.as_key(&stranger, "GET", PLACE, None).await.ok();
    assert_eq!(theirs["data"].as_array().unwrap().len(), 3, "a stranger sees their own events only");
    api.as_key(&stranger, "GET", &format!("{PLACE}?after={last}"), None).await.refused(400, "invalid_cursor");
    api.send("GET", PLACE, None, &[]).await.refused(401, "invalid_api_key");
}

#[tokio::test]
async fn an_export_can_be_proven_and_no_event_can_be_changed() {
    let api = TestApi::start().await;
    story(&api).await;
    let answer = api.get(&format!("{PLACE}/export")).await;
    assert_eq!(answer.headers["content-type"], "application/x-ndjson");
    assert_eq!(answer.headers["cache-control"], "no-store");
    let proven = verify_export(answer.text.as_bytes(), Some(&api.keyward.audit_public_key().into())).unwrap();
    assert_eq!((proven.broken, proven.events), (None, 6));

    let verified = api.get(&format!("{PLACE}/verify")).await.ok();
    let head = proven.head.unwrap();
    let expected = json!({
        "object": "organization.audit_log.verification", "valid": true, "first_sequence": 1, "events": 6, "anchor": null,
        "first_effective_at": verified["first_effective_at"], "last_effective_at": verified["last_effective_at"],
        "head": {
            "sequence": 6, "hash": verified["head"]["hash"], "signature": verified["head"]["signature"],
            "public_key": head.public_key.to_string(),
        },
    });
    assert_eq!(verified, expected);
    let events = api.get(PLACE).await.ok()["data"].clone();
    assert_eq!(verified["first_effective_at"], events[5]["effective_at"]);
    assert_eq!(verified["last_effective_at"], events[0]["effective_at"]);

    let event = api.get(PLACE).await.ok()["data"][0]["id"].as_str().unwrap().to_owned();
    for method in ["DELETE", "POST", "PUT", "PATCH"] {
        let answer = api.as_key(&api.admin_key, method, &format!("{PLACE}/{event}"), None).await;
        assert_eq!(answer.status, 404, "{method}");
        let answer = api.as_key(&api.admin_key, method, PLACE, None).await;
        assert_eq!(answer.status, 405, "{method}");
    }
}

#[tokio::test]
async fn the_other_formats_are_exported_with_the_same_filters() {
    let api = TestApi::start().await;
    story(&api).await;
    let csv = api.get(&format!("{PLACE}/export?format=csv&event_types=project.*")).await;
    assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
    assert_eq!(csv.text.lines().count(), 4);
    let ocsf = api.get(&format!("{PLACE}/export?format=ocsf&event_types=project.*")).await;
    assert!(ocsf.text.lines().all(|line| serde_json::from_str::<Value>(line).unwrap()["class_uid"] == 3004));
    assert_eq!(ocsf.text.lines().count(), 3);
    let none = api.get(&format!("{PLACE}/export?format=ocsf&event_types=login.failed")).await;
    assert_eq!((none.status, none.text.as_str()), (200, ""));

    for (query, param) in [("format=xml", "format"), ("limit=1", "limit"), ("event_types=x", "event_types")] {
        let refused = api.get(&format!("{PLACE}/export?{query}")).await;
        assert_eq!((refused.status, refused.json["error"]["param"].as_str()), (400, Some(param)), "{query}");
    }
}
