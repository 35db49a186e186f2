//! The provable form of an export, one JSON object a line:
//!
//! - `{"event":…,"previous_hash":"…","hash":"…"}` for each event, where `event`
//!   is, byte for byte, what the hash covers (see `keyward_domain::audit`);
//! - last, `{"head":{"organization_id","sequence","hash","signature","public_key"}}`,
//!   the end of the chain when the export began; where retention had removed its
//!   start by then, with `"anchor":{"organization_id","sequence","hash","signature"}`,
//!   the last event that is gone.
//!
//! Hashes, signature and key are lower-case hexadecimal.

use keyward_domain::{
    audit::{CHAIN_START, ChainHash},
    hex::{from_hex, to_hex},
};
use keyward_store::audit::AuditRecord;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::audit::{PublicKey, SignedAnchor, SignedHead};

/// A line as it is read: an event with its hashes, or a head.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLine<'a> {
    #[serde(borrow)]
    event: Option<&'a RawValue>,
    previous_hash: Option<String>,
    hash: Option<String>,
    head: Option<HeadObject>,
    anchor: Option<AnchorObject>,
}

/// What a line holds.
pub(in crate::audit) enum Line<'a> {
    /// An event's text, the hash before it and its own.
    Event(&'a str, ChainHash, ChainHash),
    /// The end of the chain, and its anchor.
    Head(Box<SignedHead>, Option<SignedAnchor>),
}

/// Reads a line; `None` for anything that an export doesn't hold.
pub(in crate::audit) fn read_line(line: &[u8]) -> Option<Line<'_>> {
    let RawLine { event, previous_hash, hash, head, anchor } = serde_json::from_slice(line).ok()?;
    match (event, previous_hash, hash, head, anchor) {
        (Some(event), Some(previous), Some(hash), None, None) => {
            Some(Line::Event(event.get(), from_hex(&previous)?, from_hex(&hash)?))
        }
        (None, None, None, Some(head), None) => Some(Line::Head(head.read()?.into(), None)),
        (None, None, None, Some(head), Some(anchor)) => Some(Line::Head(head.read()?.into(), Some(anchor.read()?))),
        _ => None,
    }
}

/// The head's line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadObject {
    organization_id: String,
    sequence: i64,
    hash: String,
    signature: String,
    public_key: String,
}

impl HeadObject {
    fn read(self) -> Option<SignedHead> {
        Some(SignedHead {
            organization_id: self.organization_id,
            sequence: self.sequence,
            hash: from_hex(&self.hash)?,
            signature: from_hex::<64>(&self.signature)?.to_vec(),
            public_key: PublicKey::parse(&self.public_key)?,
        })
    }
}

/// The anchor beside the head.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnchorObject {
    organization_id: String,
    sequence: i64,
    hash: String,
    signature: String,
}

impl AnchorObject {
    fn read(self) -> Option<SignedAnchor> {
        Some(SignedAnchor {
            organization_id: self.organization_id,
            sequence: self.sequence,
            hash: from_hex(&self.hash)?,
            signature: from_hex::<64>(&self.signature)?.to_vec(),
        })
    }
}

/// Writes an event. If its predecessor is gone, the hash before is written as
/// that of a first event, which proves nothing else.
pub(super) fn write_event(out: &mut Vec<u8>, record: &AuditRecord) {
    let previous = record.previous_hash.unwrap_or(CHAIN_START);
    out.extend_from_slice(b"{\"event\":");
    out.extend_from_slice(record.text.as_bytes());
    let hashes = format!(",\"previous_hash\":\"{}\",\"hash\":\"{}\"}}\n", to_hex(&previous), to_hex(&record.hash));
    out.extend_from_slice(hashes.as_bytes());
}

/// Writes the head, and the anchor if there is one.
pub(super) fn write_head(out: &mut Vec<u8>, head: &SignedHead, anchor: Option<&SignedAnchor>) {
    let object = HeadObject {
        organization_id: head.organization_id.clone(),
        sequence: head.sequence,
        hash: to_hex(&head.hash),
        signature: to_hex(&head.signature),
        public_key: head.public_key.to_string(),
    };
    let mut line = serde_json::json!({ "head": object });
    if let Some(anchor) = anchor {
        let object = AnchorObject {
            organization_id: anchor.organization_id.clone(),
            sequence: anchor.sequence,
            hash: to_hex(&anchor.hash),
            signature: to_hex(&anchor.signature),
        };
        line["anchor"] = serde_json::json!(object);
    }
    out.extend_from_slice(line.to_string().as_bytes());
    out.push(b'\n');
}
