//! The audit log for security tools: OCSF 1.2.0 (schema.ocsf.io), class 3004
//! Entity Management of the category 3 Identity & Access Management.
//!
//! | Keyward | OCSF |
//! |---|---|
//! | type `….created`, `….added` · `….deleted`, `….removed` · other changes | activity 1 Create · 4 Delete · 3 Update |
//! | first target, before | `entity` (its type is the first part of Keyward's type) |
//! | first target, after | `entity_result` |
//! | outcome success · denied, failed | status 1 Success · 2 Failure |
//! | actor | `actor.user`, `actor.app_uid` (the key), `actor.app_name` |
//! | all the rest | `metadata`, `src_endpoint`, `unmapped` |

use keyward_domain::{
    audit::{AuditEvent, Outcome},
    hex::to_hex,
};
use keyward_store::audit::AuditRecord;
use serde_json::{Value, json};

/// Writes an event's line.
pub(super) fn write_event(out: &mut Vec<u8>, record: &AuditRecord) {
    let line = object(&record.event, &to_hex(&record.hash)).to_string();
    out.extend_from_slice(line.as_bytes());
    out.push(b'\n');
}

fn object(event: &AuditEvent, hash: &str) -> Value {
    let (activity, activity_name) = activity(&event.event_type);
    let (status, status_name) = if event.outcome == Outcome::Success { (1, "Success") } else { (2, "Failure") };
    let actor = &event.actor;
    let who = actor.email.as_deref().unwrap_or("Keyward");
    let (kind, _) = event.event_type.split_once('.').unwrap_or((&event.event_type, ""));
    let uid = event.targets.first().unwrap_or(&event.id);
    let entity = |state: &Value| json!({ "uid": uid, "type": kind, "data": state });
    without_null(json!({
        "class_uid": 3004, "class_name": "Entity Management",
        "category_uid": 3, "category_name": "Identity & Access Management",
        "activity_id": activity, "activity_name": activity_name,
        "type_uid": 300_400 + activity, "type_name": format!("Entity Management: {activity_name}"),
        "severity_id": 1, "severity": "Informational",
        "status_id": status, "status": status_name, "status_detail": event.outcome.as_str(),
        "time": event.at_ms,
        "message": format!("{} by {who}", event.event_type),
        "metadata": {
            "version": "1.2.0",
            "product": { "name": "Keyward", "vendor_name": "Keyward" },
            "log_name": "audit", "uid": event.id, "event_code": event.event_type,
            "sequence": event.sequence, "correlation_uid": event.request_id,
        },
        "actor": {
            "app_name": actor.kind, "app_uid": actor.id,
            "user": actor.user_id.as_ref().map(|id| json!({ "uid": id, "email_addr": actor.email })),
        },
        "src_endpoint": event.ip.as_ref().map(|ip| json!({ "ip": ip })),
        "entity": entity(&event.before),
        "entity_result": (activity != 4).then(|| entity(&event.after)),
        "unmapped": {
            "organization_id": event.organization_id,
            "project_id": event.project.as_ref().map(|project| &project.id),
            "project_name": event.project.as_ref().map(|project| &project.name),
            "targets": event.targets, "user_agent": event.user_agent, "hash": hash,
        },
    }))
}

fn activity(event_type: &str) -> (i64, &'static str) {
    match event_type.rsplit('.').next() {
        Some("created" | "added") => (1, "Create"),
        Some("deleted" | "removed") => (4, "Delete"),
        _ => (3, "Update"),
    }
}

/// OCSF leaves out what it has no value for.
fn without_null(mut value: Value) -> Value {
    if let Value::Object(fields) = &mut value {
        fields.retain(|_, field| !field.is_null());
        for field in fields.values_mut() {
            *field = without_null(field.take());
        }
    }
    value
}
