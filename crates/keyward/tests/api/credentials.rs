//! `…/credentials`, of a project and of the organization.

use keyward_testkit::{ManualClock, Provider, Reply, TestApp};
use serde_json::{Value, json};

use crate::support::{check_idempotency, check_names, check_unknown_fields, check_versions, id, ids};

keyward_testkit::on_both_databases!(
    a_credential_answers_all_its_fields_and_never_its_secret,
    what_a_credential_is_made_of_is_checked,
    the_same_creation_twice_makes_one_credential,
    an_edit_changes_what_it_names,
    a_stale_edit_changes_nothing,
    a_new_secret_is_used_on_the_very_next_call,
    an_inherited_credential_is_changed_at_the_organization_alone,
    a_test_tells_what_the_provider_did,
    a_deleted_credential_is_used_no_more,
    ids_that_name_nothing_here_are_not_found,
);

const ORGANIZATION: &str = "/v1/organization/credentials";
const SECRET: &str = "sk-secret-of-a-provider-9876";

/// Where a new project's are, and where the organization's are.
async fn places(app: &TestApp) -> [String; 2] {
    [format!("{}/credentials", app.project("Project").await), ORGANIZATION.to_owned()]
}

async fn a_credential_answers_all_its_fields_and_never_its_secret(app: &TestApp) {
    for path in places(app).await {
        let body = json!({"provider": "openai", "name": "Main", "api_key": SECRET, "base_url": "https://proxy.example/v1/",
            "aliases": {"fast": "gpt-4o-mini"}, "priority": -3, "weight": 9});
        let made = app.admin.post(&path, body).await.ok();
        let expected = json!({
            "object": "organization.project.credential", "id": id(&made), "provider": "openai", "name": "Main",
            "base_url": "https://proxy.example/v1", "redacted_value": "sk-secr...9876", "aliases": {"fast": "gpt-4o-mini"},
            "priority": -3, "weight": 9, "inherited": false, "created_at": ManualClock::START, "updated_at": ManualClock::START,
            "last_used_at": null, "version": 1,
        });
        assert_eq!(made, expected);
        assert!(id(&made).starts_with("cred_"));
        assert_eq!(app.admin.get(&format!("{path}/{}", id(&made))).await.ok(), expected);
        assert_eq!(app.admin.get(&path).await.ok()["data"], json!([expected]));
        let plain = app.admin.post(&path, json!({"provider": "demo"})).await.ok();
        let (name, url, value) = (&plain["name"], &plain["base_url"], &plain["redacted_value"]);
        assert_eq!((name, url, value), (&json!("demo"), &json!(null), &json!(null)));
        assert_eq!(app.admin.post(&path, json!({"provider": "demo"})).await.ok()["name"], "demo 2");
    }
}

async fn what_a_credential_is_made_of_is_checked(app: &TestApp) {
    for path in places(app).await {
        app.admin.post(&path, json!({})).await.assert_error(400, "missing_required_parameter", "provider");
        for (field, value, code, param) in [
            ("provider", json!("nobody"), "invalid_value", "provider"),
            ("provider", json!(null), "invalid_type", "provider"),
            ("provider", json!("anthropic"), "invalid_api_key_format", "api_key"),
            ("provider", json!("azure_openai"), "missing_required_parameter", "base_url"),
            ("api_key", json!(null), "missing_required_parameter", "api_key"),
            ("api_key", json!(""), "invalid_api_key_format", "api_key"),
            ("api_key", json!("pk-1234567890"), "invalid_api_key_format", "api_key"),
            ("api_key", json!("sk-secr...9876"), "invalid_api_key_format", "api_key"),
            ("api_key", json!("sk-with blank-1234"), "invalid_api_key_format", "api_key"),
            ("api_key", json!(format!("sk-{}", "x".repeat(4094))), "invalid_api_key_format", "api_key"),
            ("api_key", json!({"secret": "x"}), "invalid_type", "api_key"),
            ("base_url", json!("ftp://a.example"), "invalid_value", "base_url"),
            ("base_url", json!("https://user:pass@a.example"), "invalid_value", "base_url"),
            ("base_url", json!("https://a.example/?x"), "invalid_value", "base_url"),
            ("aliases", json!({"": "m"}), "invalid_value", "aliases."),
            ("aliases", json!({"a": " m"}), "invalid_value", "aliases.a"),
            ("aliases", json!({"a": 1}), "invalid_type", "aliases.a"),
            ("aliases", json!(["a"]), "invalid_type", "aliases"),
            ("priority", json!("first"), "invalid_type", "priority"),
            ("priority", json!(1_i64 << 31), "invalid_type", "priority"),
        ] {
            let mut body = json!({"provider": "openai", "api_key": SECRET});
            body[field] = value;
            let refused = app.admin.post(&path, body).await;
            refused.assert_error(400, code, param);
            let text = refused.text();
            assert!(!text.contains("1234567890") && !text.contains("with blank") && !text.contains("xxxx"), "{text}");
        }
        let url = json!({"provider": "demo", "base_url": "https://a.example"});
        app.admin.post(&path, url).await.assert_error(400, "invalid_value", "base_url");
        let later = ["limits", "budget", "bias_profile_id", "redacted_value"];
        check_unknown_fields(&app.admin, &path, &json!({"provider": "demo"}), &later).await;
        check_names(&app.admin, &path, |name| json!({"provider": "demo", "name": name})).await;
        let taken = json!({"provider": "demo", "name": "日本語 🚀"});
        app.admin.post(&path, taken).await.assert_error(409, "name_taken", "name");
    }
}

async fn the_same_creation_twice_makes_one_credential(app: &TestApp) {
    // The organization's would be among the project's, so the project is first.
    for path in places(app).await {
        let (body, other) = (json!({"provider": "demo", "name": path}), json!({"provider": "demo"}));
        let path = path.as_str();
        app.clock.advance(25 * 3600);
        let made = check_idempotency(&app.admin, path, &body, &other).await;
        assert_eq!(ids(&app.admin.get(path).await.ok()), [id(&made)]);
    }
}

async fn an_edit_changes_what_it_names(app: &TestApp) {
    for place in places(app).await {
        let made =
            app.admin.post(&place, json!({"provider": "openai", "api_key": SECRET, "aliases": {"a": "b"}})).await.ok();
        app.admin.post(&place, json!({"provider": "demo", "name": "Taken"})).await.ok();
        let path = format!("{place}/{}", id(&made));
        app.clock.advance(7);
        let mut expected = made.clone();
        for (version, (field, sent, answered)) in [
            ("name", json!(" Anew "), json!("Anew")),
            ("base_url", json!("http://localhost:9/v1"), json!("http://localhost:9/v1")),
            ("base_url", json!(null), json!("https://api.openai.com/v1")),
            ("aliases", json!({"c": "d"}), json!({"c": "d"})),
            ("priority", json!(5), json!(5)),
            ("weight", json!(1000), json!(1000)),
        ]
        .into_iter()
        .enumerate()
        {
            expected[field] = answered;
            expected["version"] = json!(version + 2);
            expected["updated_at"] = json!(made["updated_at"].as_i64().unwrap() + 7);
            let mut body = json!({field: sent});
            if field == "base_url" {
                app.admin.post(&path, body.clone()).await.assert_error(400, "secret_required", "api_key");
                body["api_key"] = json!(SECRET);
            }
            assert_eq!(app.admin.post(&path, body).await.ok(), expected, "{field}");
        }
        for (body, status, code, param) in [
            (json!({"name": "Taken"}), 409, "name_taken", "name"),
            (json!({"provider": "demo"}), 400, "unknown_parameter", "provider"),
            (json!({"weight": 0}), 400, "invalid_value", "weight"),
            (json!({"weight": 1001}), 400, "invalid_value", "weight"),
            (json!({"weight": "all"}), 400, "invalid_type", "weight"),
            (json!({"api_key": expected["redacted_value"]}), 400, "invalid_api_key_format", "api_key"),
            (json!({"api_key": null}), 400, "missing_required_parameter", "api_key"),
            (json!({"base_url": 1}), 400, "invalid_type", "base_url"),
            (json!({"priority": 0.5}), 400, "invalid_type", "priority"),
        ] {
            app.admin.post(&path, body).await.assert_error(status, code, param);
        }
        assert_eq!(app.admin.get(&path).await.ok(), expected);
        let anew = app.admin.post(&path, json!({"api_key": "sk-another-secret-5555"})).await.ok();
        assert_eq!(anew["redacted_value"], "sk-anot...5555");
    }
}

async fn a_stale_edit_changes_nothing(app: &TestApp) {
    for place in places(app).await {
        let made = app.admin.post(&place, json!({"provider": "demo"})).await.ok();
        check_versions(&app.admin, &format!("{place}/{}", id(&made)), &json!({"priority": 9})).await;
    }
}

async fn a_new_secret_is_used_on_the_very_next_call(app: &TestApp) {
    let provider = Provider::start().await;
    let project = app.project("Project").await;
    let body = json!({"provider": "openai", "api_key": SECRET, "base_url": provider.openai_url()});
    let path = format!("{project}/credentials");
    let path = format!("{path}/{}", id(&app.admin.post(&path, body).await.ok()));
    let key = app.key_of(&project, "Key").await;
    let call = async || {
        let body = json!({"model": "gpt-test", "messages": [{"role": "user", "content": "Hi"}]});
        key.post("/v1/chat/completions", body).await.ok();
        let seen = provider.seen().pop().unwrap();
        assert_eq!(seen.path, "/v1/chat/completions");
        seen.headers["authorization"].to_str().unwrap().to_owned()
    };
    assert_eq!(call().await, format!("Bearer {SECRET}"));
    app.admin.post(&path, json!({"api_key": "sk-another-secret-5555"})).await.ok();
    assert_eq!(call().await, "Bearer sk-another-secret-5555");
}

async fn an_inherited_credential_is_changed_at_the_organization_alone(app: &TestApp) {
    let [of_project, of_organization] = places(app).await;
    let made = app.admin.post(&of_organization, json!({"provider": "demo"})).await.ok();
    let (seen, own) = (format!("{of_project}/{}", id(&made)), format!("{of_organization}/{}", id(&made)));
    let mut inherited = made.clone();
    inherited["inherited"] = json!(true);
    assert_eq!(app.admin.get(&seen).await.ok(), inherited);
    assert_eq!(app.admin.get(&of_project).await.ok()["data"], json!([inherited]));
    app.admin.post(&format!("{seen}/test"), json!({})).await.ok();
    app.admin.post(&seen, json!({"priority": 1})).await.assert_error(403, "credential_inherited", None);
    app.admin.delete(&seen).await.assert_error(403, "credential_inherited", None);
    assert_eq!(app.admin.get(&own).await.ok(), made);
}

async fn a_test_tells_what_the_provider_did(app: &TestApp) {
    let provider = Provider::start().await;
    for (place, kind, url) in [
        (format!("{}/credentials", app.project("Project").await), "openai", provider.openai_url()),
        (ORGANIZATION.to_owned(), "anthropic", provider.anthropic_url()),
    ] {
        let body = json!({"provider": kind, "api_key": "sk-ant-secret-of-a-provider", "base_url": url});
        let made = app.admin.post(&place, body).await.ok();
        let path = format!("{place}/{}/test", id(&made));
        let tested = app.admin.post(&path, json!({})).await.ok();
        let expected = json!({"object": "organization.project.credential.test", "credential_id": made["id"], "models": ["gpt-test"]});
        assert_eq!(tested, expected);
        let nothing: Value = json!({"error": {"message": "sk-ant-secret-of-a-provider isn't known"}});
        for (status, code) in [
            (401, "provider_authentication_failed"),
            (403, "provider_authentication_failed"),
            (404, "provider_not_understood"),
            (500, "provider_not_understood"),
        ] {
            provider.tell(Reply::json(status, &nothing));
            let refused = app.admin.post(&path, json!({})).await;
            refused.assert_error(502, code, None);
            assert!(!refused.text().contains("secret-of"), "{}", refused.text());
        }
        provider.tell(Reply { status: 200, content_type: "text/html", body: "<html>".into() });
        app.admin.post(&path, json!({})).await.assert_error(502, "provider_not_understood", None);
        let nowhere = json!({"base_url": "http://127.0.0.1:9", "api_key": "sk-ant-secret-of-a-provider"});
        app.admin.post(&format!("{place}/{}", id(&made)), nowhere).await.ok();
        app.admin.post(&path, json!({})).await.assert_error(502, "provider_unreachable", None);
    }
}

async fn a_deleted_credential_is_used_no_more(app: &TestApp) {
    for place in places(app).await {
        let project = app.project(&format!("Of {place}").replace('/', " ")).await;
        let key = app.key_of(&project, "Key").await;
        let place = if place == ORGANIZATION { place } else { format!("{project}/credentials") };
        let made = app.admin.post(&place, json!({"provider": "demo"})).await.ok();
        key.get("/v1/models").await.ok();
        let gone = app.admin.delete(&format!("{place}/{}", id(&made))).await.ok();
        let expected = json!({"object": "organization.project.credential.deleted", "id": made["id"], "deleted": true});
        assert_eq!(gone, expected);
        key.get("/v1/models").await.assert_error(503, "provider_not_configured", None);
        app.admin.delete(&format!("{place}/{}", id(&made))).await.assert_error(404, "not_found", None);
    }
}

async fn ids_that_name_nothing_here_are_not_found(app: &TestApp) {
    let [of_project, of_organization] = places(app).await;
    let other = format!("{}/credentials", app.project("Other").await);
    let made = id(&app.admin.post(&of_project, json!({"provider": "demo"})).await.ok());
    for path in [
        format!("{other}/{made}"),
        format!("{of_organization}/{made}"),
        format!("{of_project}/cred_{}", "0".repeat(32)),
        format!("{of_project}/x"),
        format!("{of_organization}/%2e%2e"),
    ] {
        app.admin.get(&path).await.assert_error(404, "not_found", None);
        app.admin.post(&path, json!({"priority": 1})).await.assert_error(404, "not_found", None);
        app.admin.post(&format!("{path}/test"), json!({})).await.assert_error(404, "not_found", None);
        app.admin.delete(&path).await.assert_error(404, "not_found", None);
    }
    assert_eq!(ids(&app.admin.get(&of_project).await.ok()), [made]);
}
