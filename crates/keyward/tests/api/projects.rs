//! `/v1/organization/projects`

use http::Method;
use keyward_testkit::{ManualClock, TestApp};
use serde_json::json;

use crate::support::{PROJECTS, check_idempotency, check_names, check_unknown_fields, check_versions, id, ids};

keyward_testkit::on_both_databases!(
    a_project_answers_all_its_fields,
    a_project_can_be_made_with_its_first_credential,
    a_refused_credential_makes_no_project_either,
    what_a_project_is_made_of_is_checked,
    the_same_creation_twice_makes_one_project,
    an_edit_changes_what_it_names_and_nothing_else,
    a_stale_edit_changes_nothing,
    archiving_stops_the_keys_and_activating_lets_them_go_on,
    archiving_can_revoke_all_keys,
    a_project_is_never_deleted,
    projects_are_found_by_name_and_status,
    projects_are_sorted_by_what_their_list_shows,
    ids_that_name_nothing_here_are_not_found,
);

async fn a_project_answers_all_its_fields(app: &TestApp) {
    let permissions = json!({"mode": "allow_list", "model_ids": ["gpt-4o*", "anthropic/*"]});
    let body = json!({"name": "Search", "description": "What it is for", "model_permissions": permissions,
        "residency": null, "external_key_id": null});
    let made = app.admin.post(PROJECTS, body).await.ok();
    let expected = json!({
        "object": "organization.project", "id": id(&made), "name": "Search", "description": "What it is for",
        "status": "active", "created_at": ManualClock::START, "updated_at": ManualClock::START, "archived_at": null,
        "model_permissions": permissions, "api_keys": {"total": 0, "active": 0}, "version": 1,
    });
    assert_eq!(made, expected);
    assert!(id(&made).starts_with("proj_"));
    assert_eq!(app.admin.get(&format!("{PROJECTS}/{}", id(&made))).await.ok(), expected);
    assert_eq!(app.admin.get(PROJECTS).await.ok()["data"], json!([expected]));
}

async fn a_project_can_be_made_with_its_first_credential(app: &TestApp) {
    let credential = json!({"provider": "openai", "api_key": "sk-secret-of-the-provider-1234"});
    let made = app.admin.post(PROJECTS, json!({"name": "With", "credential": credential})).await.ok();
    let credentials = app.admin.get(&format!("{PROJECTS}/{}/credentials", id(&made))).await.ok();
    assert_eq!(credentials["data"][0]["redacted_value"], "sk-secr...1234");
    assert_eq!(credentials["data"][0]["name"], "openai");
}

async fn a_refused_credential_makes_no_project_either(app: &TestApp) {
    for (credential, code, param) in [
        (json!({"provider": "openai", "api_key": "sk-secr...1234"}), "invalid_api_key_format", "credential.api_key"),
        (json!({"provider": "openai"}), "missing_required_parameter", "credential.api_key"),
        (json!({"provider": "nobody"}), "invalid_value", "credential.provider"),
        (json!({"provider": "demo", "weight": 0}), "invalid_value", "credential.weight"),
        (json!({"api_key": "sk-1"}), "missing_required_parameter", "credential.provider"),
    ] {
        let body = json!({"name": "Without", "credential": credential});
        app.admin.post(PROJECTS, body).await.assert_error(400, code, param);
    }
    assert_eq!(ids(&app.admin.get(PROJECTS).await.ok()), Vec::<String>::new());
}

async fn what_a_project_is_made_of_is_checked(app: &TestApp) {
    let admin = &app.admin;
    admin.post(PROJECTS, json!({})).await.assert_error(400, "missing_required_parameter", "name");
    admin.post(PROJECTS, json!(["A"])).await.assert_error(400, "invalid_type", None);
    for (body, code, param) in [
        (json!({"name": null}), "invalid_type", "name"),
        (json!({"name": 7}), "invalid_type", "name"),
        (json!({"name": "A", "description": ["x"]}), "invalid_type", "description"),
        (json!({"name": "A", "description": "x".repeat(1001)}), "invalid_value", "description"),
        (json!({"name": "A", "description": "a\u{0}"}), "invalid_value", "description"),
        (json!({"name": "A", "model_permissions": ["allow_list", []]}), "invalid_type", "model_permissions"),
        (json!({"name": "A", "credential": ["demo"]}), "invalid_type", "credential"),
        (json!({"name": "A", "model_permissions": {}}), "missing_required_parameter", "model_permissions.mode"),
        (
            json!({"name": "A", "model_permissions": {"mode": "allow_list", "model_ids": "x"}}),
            "invalid_type",
            "model_permissions.model_ids",
        ),
        (
            json!({"name": "A", "model_permissions": {"mode": "allow_list", "model_ids": ["a", 1]}}),
            "invalid_type",
            "model_permissions.model_ids[1]",
        ),
        (
            json!({"name": "A", "model_permissions": {"mode": "allow_list", "model_ids": ["a", "["]}}),
            "invalid_value",
            "model_permissions.model_ids[1]",
        ),
        (
            json!({"name": "A", "model_permissions": {"mode": "some_list", "model_ids": []}}),
            "invalid_type",
            "model_permissions.mode",
        ),
        (
            json!({"name": "A", "model_permissions": {"mode": "deny_list", "model_ids": [], "x": 1}}),
            "unknown_parameter",
            "model_permissions.x",
        ),
        (json!({"name": "A", "residency": "eu"}), "invalid_type", "residency"),
        (json!({"name": "A", "external_key_id": "k"}), "invalid_type", "external_key_id"),
    ] {
        admin.post(PROJECTS, body).await.assert_error(400, code, param);
    }
    check_unknown_fields(
        admin,
        PROJECTS,
        &json!({"name": "A"}),
        &["limits", "budget", "bias_profile_id", "weight", "id", "status"],
    )
    .await;
    check_names(admin, PROJECTS, |name| json!({"name": name})).await;
    admin.post(PROJECTS, json!({"name": " 日本語 🚀 "})).await.assert_error(409, "name_taken", "name");
    app.stranger.post(PROJECTS, json!({"name": "日本語 🚀"})).await.ok();
}

async fn the_same_creation_twice_makes_one_project(app: &TestApp) {
    let body = json!({"name": "Once"});
    let made = check_idempotency(&app.admin, PROJECTS, &body, &json!({"name": "Other"})).await;
    assert_eq!(ids(&app.admin.get(PROJECTS).await.ok()), [id(&made)]);
    let asking = app.stranger.asking(Method::POST, PROJECTS).header("idempotency-key", "once");
    asking.json(&body).send().await.ok();
    app.clock.advance(24 * 3600 + 1);
    let asking = app.admin.asking(Method::POST, PROJECTS).header("idempotency-key", "once");
    asking.json(&json!({"name": "A day later"})).send().await.ok();
}

async fn an_edit_changes_what_it_names_and_nothing_else(app: &TestApp) {
    let path = app.project("Before").await;
    app.project("Taken").await;
    app.clock.advance(60);
    let before = app.admin.get(&path).await.ok();
    let after = app.admin.post(&path, json!({"name": "After", "external_key_id": null})).await.ok();
    let mut expected = before.clone();
    (expected["name"], expected["version"], expected["updated_at"]) =
        (json!("After"), json!(2), json!(ManualClock::START + 60));
    assert_eq!(after, expected);

    let permissions = json!({"mode": "deny_list", "model_ids": ["o1*"]});
    let after = app.admin.post(&path, json!({"description": "x", "model_permissions": permissions})).await.ok();
    assert_eq!(
        (&after["description"], &after["model_permissions"], &after["name"]),
        (&json!("x"), &permissions, &json!("After"))
    );
    let after = app.admin.post(&path, json!({"model_permissions": null})).await.ok();
    assert_eq!((&after["model_permissions"], &after["description"]), (&json!(null), &json!("x")));

    app.admin.post(&path, json!({"name": "Taken"})).await.assert_error(409, "name_taken", "name");
    app.admin.post(&path, json!({"name": " "})).await.assert_error(400, "invalid_value", "name");
    app.admin.post(&path, json!({"external_key_id": "k"})).await.assert_error(400, "invalid_type", "external_key_id");
    app.admin.post(&path, json!({"credential": {"provider": "demo"}})).await.assert_error(
        400,
        "unknown_parameter",
        "credential",
    );
    assert_eq!(app.admin.get(&path).await.ok(), after);
    let same = app.admin.asking(Method::POST, &path).body("application/json", "").send().await.ok();
    assert_eq!(same, after, "an empty body is an empty object");
}

async fn a_stale_edit_changes_nothing(app: &TestApp) {
    let path = app.project("Edited").await;
    check_versions(&app.admin, &path, &json!({"description": "anew"})).await;
    for action in ["archive", "activate"] {
        let asking = app.admin.asking(Method::POST, &format!("{path}/{action}")).header("if-match", "\"1\"");
        asking.json(&json!({})).send().await.assert_error(412, "stale_version", "If-Match");
    }
}

async fn archiving_stops_the_keys_and_activating_lets_them_go_on(app: &TestApp) {
    let key = app.key().await;
    let project = app.admin.get(PROJECTS).await.ok()["data"][0].clone();
    assert_eq!(project["api_keys"], json!({"total": 1, "active": 1}));
    let path = format!("{PROJECTS}/{}", id(&project));
    key.get("/v1/models").await.ok();

    app.clock.advance(5);
    let archive = || app.admin.asking(Method::POST, &format!("{path}/archive")).body("application/json", "");
    let archived = archive().send().await.ok();
    let at = ManualClock::START + 5;
    assert_eq!((&archived["status"], &archived["archived_at"]), (&json!("archived"), &json!(at)));
    key.get("/v1/models").await.assert_error(403, "project_inactive", None);
    let refused = app.admin.post(&format!("{path}/api_keys"), json!({"name": "Late"})).await;
    refused.assert_error(403, "project_inactive", None);
    assert!(refused.text().contains("Cannot generate API keys for an inactive project"));
    app.clock.advance(5);
    assert_eq!(archive().send().await.ok(), archived, "twice is not an error");

    let activated = app.admin.post(&format!("{path}/activate"), json!({})).await.ok();
    assert_eq!((&activated["status"], &activated["archived_at"]), (&json!("active"), &json!(null)));
    assert_eq!(app.admin.post(&format!("{path}/activate"), json!({})).await.ok(), activated);
    key.get("/v1/models").await.ok();
}

async fn archiving_can_revoke_all_keys(app: &TestApp) {
    let key = app.key().await;
    let path = format!("{PROJECTS}/{}", ids(&app.admin.get(PROJECTS).await.ok())[0]);
    app.admin.post(&format!("{path}/archive"), json!({"revoke_api_keys": "yes"})).await.assert_error(
        400,
        "invalid_type",
        "revoke_api_keys",
    );
    app.admin.post(&format!("{path}/archive"), json!({"revoke_api_keys": true})).await.ok();
    app.admin.post(&format!("{path}/activate"), json!({})).await.ok();
    key.get("/v1/models").await.assert_error(401, "api_key_revoked", None);
}

async fn a_project_is_never_deleted(app: &TestApp) {
    let path = app.project("Stays").await;
    let unknown = format!("{PROJECTS}/proj_{}", "0".repeat(32));
    for path in [&path, &unknown, &format!("{PROJECTS}/nonsense")] {
        for actor in [&app.admin, &app.stranger] {
            let refused = actor.delete(path).await;
            refused.assert_error(405, "project_deletion_not_allowed", None);
            assert_eq!(refused.header("allow"), Some("GET, POST"));
        }
    }
    app.admin.get(&path).await.ok();
}

async fn projects_are_found_by_name_and_status(app: &TestApp) {
    let mut made = Vec::new();
    for name in ["Alpha", "alphabet", "100%", "Beta_1"] {
        made.push(id(&app.admin.post(PROJECTS, json!({"name": name})).await.ok()));
    }
    app.admin.post(&format!("{PROJECTS}/{}/archive", made[3]), json!({})).await.ok();
    let found = async |query: &str| ids(&app.admin.get(&format!("{PROJECTS}?order=asc&{query}")).await.ok());
    assert_eq!(found("").await, made[..3]);
    assert_eq!(found("include_archived=true").await, made);
    assert_eq!(found("include_archived=false").await, made[..3]);
    assert_eq!(found("status=archived").await, made[3..]);
    assert_eq!(found("status=active").await, made[..3]);
    assert_eq!(found("search=ALPHA").await, made[..2]);
    assert_eq!(found("search=%25").await, made[2..3], "a per cent sign is only a per cent sign");
    assert_eq!(found("search=_&include_archived=true").await, made[3..]);
    app.admin.get(&format!("{PROJECTS}?status=gone")).await.assert_error(400, "invalid_value", "status");
    app.admin.get(&format!("{PROJECTS}?include_archived=2")).await.assert_error(
        400,
        "invalid_value",
        "include_archived",
    );
    app.admin.get(&format!("{PROJECTS}?search=a&search=b")).await.assert_error(400, "invalid_value", "search");
}

async fn projects_are_sorted_by_what_their_list_shows(app: &TestApp) {
    let mut made = Vec::new();
    for name in ["b", "A", "c"] {
        made.push(id(&app.admin.post(PROJECTS, json!({"name": name})).await.ok()));
    }
    for number in 0..2 {
        let body = json!({"name": format!("Key {number}")});
        app.admin.post(&format!("{PROJECTS}/{}/api_keys", made[1]), body).await.ok();
    }
    app.admin.post(&format!("{PROJECTS}/{}/api_keys", made[0]), json!({"name": "Key"})).await.ok();
    app.admin.post(&format!("{PROJECTS}/{}/archive", made[0]), json!({})).await.ok();
    for (sort, rising) in
        [("created_at", [0, 1, 2]), ("name", [1, 0, 2]), ("status", [1, 2, 0]), ("api_keys", [2, 0, 1])]
    {
        let list = format!("{PROJECTS}?include_archived=true&sort={sort}");
        let mut expected: Vec<_> = rising.iter().map(|at: &usize| made[*at].clone()).collect();
        let page = app.admin.get(&format!("{list}&order=asc&limit=2")).await.ok();
        assert_eq!((ids(&page), &page["has_more"]), (expected[..2].to_vec(), &json!(true)), "{sort}");
        let next = app.admin.get(&format!("{list}&order=asc&after={}", expected[1])).await.ok();
        assert_eq!(ids(&next), expected[2..], "{sort}");
        expected.reverse();
        assert_eq!(ids(&app.admin.get(&list).await.ok()), expected, "{sort}: falling unless told otherwise");
    }
    app.admin.get(&format!("{PROJECTS}?sort=cost")).await.assert_error(400, "invalid_value", "sort");
}

async fn ids_that_name_nothing_here_are_not_found(app: &TestApp) {
    let theirs = app.project_of(&app.stranger, "Theirs").await;
    for path in [
        theirs,
        format!("{PROJECTS}/proj_{}", "0".repeat(32)),
        format!("{PROJECTS}/x"),
        format!("{PROJECTS}/%00"),
        format!("{PROJECTS}/key_{}", "0".repeat(32)),
    ] {
        app.admin.get(&path).await.assert_error(404, "not_found", None);
        app.admin.post(&path, json!({"name": "Mine"})).await.assert_error(404, "not_found", None);
        app.admin.post(&format!("{path}/archive"), json!({})).await.assert_error(404, "not_found", None);
        app.admin.post(&format!("{path}/activate"), json!({})).await.assert_error(404, "not_found", None);
    }
}
