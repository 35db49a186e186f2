//! The audit log: events and each chain's head, written in the transaction of
//! the change. Nothing here alters an event, and only `anchor.rs` removes any.

mod anchor;
mod list;
mod rows;

use keyward_domain::{
    audit::{AuditEvent, CHAIN_START, ChainHash},
    id::OrganizationId,
};
use uuid::Uuid;

use crate::{Conn, StoreError};

pub use anchor::{ChainAnchor, Span, anchor, first_since, remove_through, span};
pub use list::{AuditFilter, AuditRecord, list, stretch};
pub use rows::{EventRow, rows, targets};

/// Where a chain ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainHead {
    /// Sequence number of the last event; 0 before the first.
    pub sequence: i64,
    /// Its hash.
    pub hash: ChainHash,
    /// Proof by the installation's key; empty before the first event.
    pub signature: Vec<u8>,
}

const HEAD: &str = "SELECT sequence, hash, signature FROM audit_heads WHERE organization_id = $1";

/// The head of an organization's chain.
pub async fn head(conn: &mut Conn<'_>, organization: OrganizationId) -> Result<ChainHead, StoreError> {
    match sql!(conn, fetch_optional as (i64, Vec<u8>, Vec<u8>), HEAD, organization.uuid())? {
        None => Ok(ChainHead { sequence: 0, hash: CHAIN_START, signature: Vec::new() }),
        Some((sequence, hash, signature)) => {
            let hash = ChainHash::try_from(hash).map_err(|_| StoreError::unreadable("audit_heads.hash", sequence))?;
            Ok(ChainHead { sequence, hash, signature })
        }
    }
}

/// The columns that events are looked up by; the event itself holds the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EventKeys {
    /// Id of the event.
    pub id: Uuid,
    /// Id of the key that acted.
    pub actor: Option<Uuid>,
    /// Id of the user in whose name.
    pub actor_user: Option<Uuid>,
    /// The project.
    pub project: Option<Uuid>,
}

const INSERT: &str = "INSERT INTO audit_events
    (organization_id, sequence, id, at, event_type, outcome, actor_id, actor_user_id, actor_email, project_id, ip, request_id, event, hash)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
const INSERT_TARGET: &str =
    "INSERT INTO audit_targets (organization_id, target, sequence) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
const MOVE_HEAD: &str = "INSERT INTO audit_heads (organization_id, sequence, hash, signature) VALUES ($1, $2, $3, $4)
    ON CONFLICT (organization_id) DO UPDATE SET sequence = $2, hash = $3, signature = $4";

/// Appends an event with its hash, and moves the head there.
pub async fn append(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    event: &AuditEvent,
    keys: EventKeys,
    head: &ChainHead,
) -> Result<(), StoreError> {
    let organization = organization.uuid();
    let text = String::from_utf8(event.canonical()).map_err(|error| StoreError::Unreadable(error.to_string()))?;
    sql!(
        conn,
        execute,
        INSERT,
        organization,
        event.sequence,
        keys.id,
        event.at_ms,
        event.event_type.as_str(),
        event.outcome.as_str(),
        keys.actor,
        keys.actor_user,
        event.actor.email.as_deref(),
        keys.project,
        event.ip.as_deref(),
        event.request_id.as_deref(),
        text,
        head.hash.as_slice()
    )?;
    for target in &event.targets {
        sql!(conn, execute, INSERT_TARGET, organization, target.as_str(), event.sequence)?;
    }
    sql!(conn, execute, MOVE_HEAD, organization, head.sequence, head.hash.as_slice(), head.signature.as_slice())
        .map(drop)
}
