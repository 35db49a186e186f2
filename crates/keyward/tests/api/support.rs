//! What tests of several resources share.

use http::Method;
use keyward_testkit::{Actor, Answer, TestApp};
use serde_json::{Value, json};

pub const PROJECTS: &str = "/v1/organization/projects";

/// Names that are taken as they are.
pub const KEPT_NAMES: &[&str] = &["<script>alert(1)</script>", "مشروع \u{202e}txt", "O'Neil; DROP TABLE", "日本語 🚀"];

/// Names that are no names.
pub const WRONG_NAMES: &[&str] = &["", "   ", "a\nb", "a\u{0}b", "a\u{7f}", "\u{2028}"];

/// The id of an object.
pub fn id(object: &Value) -> String {
    object["id"].as_str().unwrap().to_owned()
}

/// The ids of a list, in its order.
pub fn ids(list: &Value) -> Vec<String> {
    list["data"].as_array().unwrap().iter().map(id).collect()
}

/// The first organization's audit events of that type, the latest first.
pub async fn events(app: &TestApp, event_type: &str) -> Vec<Value> {
    let list = app.admin.get(&format!("/v1/organization/audit_logs?limit=100&event_types[]={event_type}")).await.ok();
    list["data"].as_array().unwrap().clone()
}

/// Checks what every name must bear: `body` makes a request's body of a name.
/// Whatever is made stays.
pub async fn check_names(actor: &Actor, path: &str, body: impl Fn(&str) -> Value) {
    for name in WRONG_NAMES.iter().map(|name| (*name).to_owned()).chain(["x".repeat(121)]) {
        actor.post(path, body(&name)).await.assert_error(400, "invalid_value", "name");
    }
    for name in KEPT_NAMES.iter().map(|name| (*name).to_owned()).chain(["é".repeat(120)]) {
        let made = actor.post(path, body(&format!("  {name} "))).await.ok();
        assert_eq!(made["name"], name, "a name is trimmed, and kept otherwise");
    }
}

/// Checks that a request with an `Idempotency-Key` makes one thing at most;
/// answers that thing. `other` is a body of another meaning.
pub async fn check_idempotency(actor: &Actor, path: &str, body: &Value, other: &Value) -> Value {
    let ask = |key: &'static str, body: &Value| {
        let asking = actor.asking(Method::POST, path).header("idempotency-key", key).json(body);
        async move { asking.send().await }
    };
    let made = ask("once", body).await.ok();
    let replay: Answer = ask("once", body).await;
    replay.assert_error(409, "idempotent_replay", "Idempotency-Key");
    let message = replay.json["error"]["message"].as_str().unwrap();
    assert!(message.contains(&id(&made)), "{message}");
    ask("once", other).await.assert_error(400, "idempotency_key_reused", "Idempotency-Key");
    for wrong in ["", "with blank", &*"x".repeat(256)] {
        let asking = actor.asking(Method::POST, path).header("idempotency-key", wrong).json(other);
        asking.send().await.assert_error(400, "invalid_value", "Idempotency-Key");
    }
    made
}

/// Checks that an edit with a version that isn't the present one changes
/// nothing. `body` must change something.
pub async fn check_versions(actor: &Actor, path: &str, body: &Value) {
    let before = actor.get(path).await.ok();
    let version = before["version"].as_i64().unwrap();
    let edit = |version: String| {
        let asking = actor.asking(Method::POST, path).header("if-match", &version).json(body);
        async move { asking.send().await }
    };
    for stale in [version - 1, version + 1] {
        edit(format!("\"{stale}\"")).await.assert_error(412, "stale_version", "If-Match");
    }
    edit("\"abc\"".into()).await.assert_error(400, "invalid_value", "If-Match");
    assert_eq!(actor.get(path).await.ok(), before);
    let after = edit(format!("\"{version}\"")).await.ok();
    assert_eq!(after["version"], version + 1);
    edit(version.to_string()).await.assert_error(412, "stale_version", "If-Match");
    let again = edit("*".into()).await.ok();
    assert_eq!(again["version"], version + 1, "what changes nothing makes no version");
}

/// Checks that each field that is for later, or for a service that Keyward
/// doesn't offer, is unknown: it would promise what isn't done.
pub async fn check_unknown_fields(actor: &Actor, path: &str, body: &Value, later: &[&'static str]) {
    for field in later {
        let mut body = body.clone();
        body[*field] = json!(null);
        actor.post(path, body).await.assert_error(400, "unknown_parameter", *field);
    }
}
