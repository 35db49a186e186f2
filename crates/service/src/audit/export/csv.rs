//! The audit log as a table.

use keyward_domain::{csv::cell, hex::to_hex};
use keyward_store::audit::AuditRecord;
use serde_json::Value;

const HEADER: &str = "sequence,id,time,type,outcome,actor_kind,actor_id,actor_user_id,actor_email,project_id,project_name,targets,ip,user_agent,request_id,before,after,hash\r\n";

/// Writes the first row.
pub(super) fn write_header(out: &mut Vec<u8>) {
    out.extend_from_slice(HEADER.as_bytes());
}

/// Writes an event's row.
pub(super) fn write_event(out: &mut Vec<u8>, record: &AuditRecord) {
    let (event, hash) = (&record.event, to_hex(&record.hash));
    let (sequence, time, targets) = (event.sequence.to_string(), event.at().to_string(), event.targets.join(" "));
    let (before, after) = (state(&event.before), state(&event.after));
    let (actor, project) = (&event.actor, event.project.as_ref());
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let cells = [
        sequence.as_str(),
        &event.id,
        &time,
        &event.event_type,
        event.outcome.as_str(),
        &actor.kind,
        &text(&actor.id),
        &text(&actor.user_id),
        &text(&actor.email),
        project.map_or("", |project| &project.id),
        project.map_or("", |project| &project.name),
        &targets,
        &text(&event.ip),
        &text(&event.user_agent),
        &text(&event.request_id),
        &before,
        &after,
        &hash,
    ];
    let row = cells.map(cell).join(",");
    out.extend_from_slice(row.as_bytes());
    out.extend_from_slice(b"\r\n");
}

fn state(state: &Value) -> String {
    match state {
        Value::Object(fields) if fields.is_empty() => String::new(),
        other => other.to_string(),
    }
}
