//! An audit event, the bytes that its hash covers, and the chain.
//!
//! Format of the chain (version 1): `hash = SHA-256("keyward.audit.v1\n" ‖
//! previous hash ‖ canonical)`, where `canonical` is the JSON of
//! [`AuditEvent`] with its fields in the declared order, no spaces, and inner
//! objects sorted by name. The first event's previous hash is 32 zero bytes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// What one event says. Serialised in just this order for the chain; never
/// reorder or rename a field without a new chain version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditEvent {
    /// Its id, `audit_…`.
    pub id: String,
    /// Whose chain it is in, `org_…`.
    pub organization_id: String,
    /// Its place in the chain, from 1, without gaps.
    pub sequence: i64,
    /// When it happened, in milliseconds since 1970.
    pub at_ms: i64,
    /// What happened, such as `api_key.rotated`.
    #[serde(rename = "type")]
    pub event_type: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Who did it.
    pub actor: AuditActor,
    /// The project that it was done in.
    pub project: Option<AuditProject>,
    /// What it was done to: ids.
    pub targets: Vec<String>,
    /// The target before; secrets are never part of it.
    pub before: Value,
    /// The target after.
    pub after: Value,
    /// The client's address.
    pub ip: Option<String>,
    /// The client's `User-Agent`.
    pub user_agent: Option<String>,
    /// The request's id, `req_…`.
    pub request_id: Option<String>,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Success,
    /// The actor lacked a permission.
    Denied,
    /// It was tried and didn't work.
    Failed,
}

impl Outcome {
    /// The word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }

    /// The outcome of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Success, Self::Denied, Self::Failed].into_iter().find(|outcome| outcome.as_str() == name)
    }
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditActor {
    /// `user`, `admin_key` or `system`.
    pub kind: String,
    /// The session's or the admin key's id.
    pub id: Option<String>,
    /// The user in whose name.
    pub user_id: Option<String>,
    /// The user's address at that time.
    pub email: Option<String>,
}

/// A project as it was called at that time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditProject {
    /// `proj_…`.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// A link of the chain.
pub type ChainHash = [u8; 32];

/// What stands before the first event.
pub const CHAIN_START: ChainHash = [0; 32];

impl AuditEvent {
    /// The bytes that the hash covers.
    pub fn canonical(&self) -> Vec<u8> {
        // Strings, integers and maps with string keys always serialise.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The event's hash when it follows `previous`.
    pub fn chain(&self, previous: &ChainHash) -> ChainHash {
        chain(previous, &self.canonical())
    }

    /// When it happened.
    pub fn at(&self) -> Timestamp {
        crate::clock::from_millis(self.at_ms)
    }
}

/// The hash of the canonical bytes of an event that follows `previous`.
fn chain(previous: &ChainHash, canonical: &[u8]) -> ChainHash {
    let mut hash = Sha256::new();
    hash.update(b"keyward.audit.v1\n");
    hash.update(previous);
    hash.update(canonical);
    hash.finalize().into()
}

/// Only what differs between two states of a thing, as (before, after).
/// Unchanged fields and `null` on both sides are left out.
pub fn difference(before: &Value, after: &Value) -> (Value, Value) {
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        return (before.clone(), after.clone());
    };
    let keep = |this: &serde_json::Map<String, Value>, other: &serde_json::Map<String, Value>| {
        this.iter()
            .filter(|(name, value)| other.get(*name) != Some(value))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    };
    (Value::Object(keep(old, new)), Value::Object(keep(new, old)))
}

/// Checks events one by one, in order.
#[derive(Debug, Clone)]
pub struct ChainVerifier {
    sequence: i64,
    hash: ChainHash,
}

/// Why an event isn't the next link of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChainBroken {
    /// Events are missing or in the wrong order.
    #[error("event {found} stands where event {expected} should: events are missing or out of order")]
    Gap {
        /// The sequence number that should follow.
        expected: i64,
        /// The one that does.
        found: i64,
    },
    /// The event, or its hash, isn't what was written.
    #[error("it was changed after it was written")]
    Changed,
    /// It isn't an audit event at all.
    #[error("it can't be read as an audit event")]
    Unreadable,
}

impl Default for ChainVerifier {
    fn default() -> Self {
        Self::starting_after(0, CHAIN_START)
    }
}

impl ChainVerifier {
    /// Goes on behind a known event (after retention removed what came before).
    pub const fn starting_after(sequence: i64, hash: ChainHash) -> Self {
        Self { sequence, hash }
    }

    /// Takes the next event, as the very text that was kept, with the hash that
    /// stands beside it. Hashing the text and not what is read from it leaves
    /// no room for two texts that read alike.
    pub fn next(&mut self, text: &str, stored: &ChainHash) -> Result<AuditEvent, ChainBroken> {
        let event: AuditEvent = serde_json::from_str(text).map_err(|_| ChainBroken::Unreadable)?;
        if event.sequence != self.sequence + 1 {
            return Err(ChainBroken::Gap { expected: self.sequence + 1, found: event.sequence });
        }
        let hash = chain(&self.hash, text.as_bytes());
        if hash != *stored {
            return Err(ChainBroken::Changed);
        }
        (self.sequence, self.hash) = (event.sequence, hash);
        Ok(event)
    }

    /// The last event taken: its sequence number and hash.
    pub const fn head(&self) -> (i64, ChainHash) {
        (self.sequence, self.hash)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(sequence: i64) -> AuditEvent {
        AuditEvent {
            id: format!("audit_{sequence}"),
            organization_id: "org_1".into(),
            sequence,
            at_ms: 1_800_000_000_000,
            event_type: "project.updated".into(),
            outcome: Outcome::Success,
            actor: AuditActor { kind: "admin_key".into(), id: Some("admkey_1".into()), user_id: None, email: None },
            project: None,
            targets: vec!["proj_1".into()],
            before: json!({"name": "a"}),
            after: json!({"name": "b"}),
            ip: None,
            user_agent: None,
            request_id: None,
        }
    }

    fn chain(count: i64) -> Vec<(String, ChainHash)> {
        let mut hash = CHAIN_START;
        (1..=count)
            .map(|sequence| {
                let event = event(sequence);
                hash = event.chain(&hash);
                (String::from_utf8(event.canonical()).unwrap(), hash)
            })
            .collect()
    }

    fn verify(events: &[(String, ChainHash)]) -> Result<i64, (i64, ChainBroken)> {
        let mut verifier = ChainVerifier::default();
        for (text, hash) in events {
            let at = verifier.head().0 + 1;
            verifier.next(text, hash).map_err(|broken| (at, broken))?;
        }
        Ok(verifier.head().0)
    }

    #[test]
    fn an_untouched_chain_holds_and_any_touch_is_named() {
        assert_eq!(verify(&chain(5)), Ok(5));

        let mut changed = chain(5);
        changed[2].0 = changed[2].0.replace(r#"{"name":"b"}"#, r#"{"name":"c"}"#);
        assert_eq!(verify(&changed), Err((3, ChainBroken::Changed)));

        let mut reworded = chain(5);
        reworded[2].0 = reworded[2].0.replace(r#""before":"#, r#""before": "#);
        assert_eq!(verify(&reworded), Err((3, ChainBroken::Changed)));

        let mut unreadable = chain(5);
        unreadable[4].0.push('}');
        assert_eq!(verify(&unreadable), Err((5, ChainBroken::Unreadable)));

        let mut missing = chain(5);
        missing.remove(1);
        assert_eq!(verify(&missing), Err((2, ChainBroken::Gap { expected: 2, found: 3 })));

        let mut rehashed = chain(5);
        let mut first = event(1);
        first.ip = Some("192.0.2.1".into());
        rehashed[0] = (String::from_utf8(first.canonical()).unwrap(), first.chain(&CHAIN_START));
        assert_eq!(verify(&rehashed), Err((2, ChainBroken::Changed)));
    }

    #[test]
    fn a_difference_names_only_what_changed() {
        let (before, after) = difference(&json!({"a": 1, "b": 2}), &json!({"a": 1, "b": 3, "c": 4}));
        assert_eq!((before, after), (json!({"b": 2}), json!({"b": 3, "c": 4})));
    }
}
