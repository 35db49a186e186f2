//! Attempts that were denied: whoever looks through the audit log sees what
//! people and keys tried that they may not do. The first is written at once,
//! repetitions are counted.

use keyward_domain::{actor::Actor, audit::Outcome};
use serde_json::{Map, Value};

use crate::{Keyward, aggregate::Occurrence};

/// Notes that `actor` tried `operation` (such as `POST /v1/organization/projects`)
/// and why it was denied (`reason`, such as the permission that they lack). Only
/// memory is touched.
pub fn note(keyward: &Keyward, actor: Actor, operation: &str, reason: &str) {
    let details = [("operation", operation), ("reason", reason)];
    keyward.note(Occurrence {
        actor,
        event_type: "access.denied",
        outcome: Outcome::Denied,
        targets: Vec::new(),
        details: details.map(|(name, text)| (name.to_owned(), Value::from(text))).into_iter().collect::<Map<_, _>>(),
    });
}
