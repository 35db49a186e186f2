//! The start of a chain, from which retention removes what is too old, and the
//! anchor that it leaves in its place. Nothing else here removes an event.

use keyward_domain::{audit::ChainHash, id::OrganizationId};

use crate::{Conn, StoreError};

/// The last event that was removed from a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainAnchor {
    /// Its sequence number.
    pub sequence: i64,
    /// Its hash.
    pub hash: ChainHash,
    /// Proof by the installation's key.
    pub signature: Vec<u8>,
}

const ANCHOR: &str = "SELECT sequence, hash, signature FROM audit_anchors WHERE organization_id = $1";

/// The anchor of an organization's chain; `None` where nothing was removed.
pub async fn anchor(conn: &mut Conn<'_>, organization: OrganizationId) -> Result<Option<ChainAnchor>, StoreError> {
    let found = sql!(conn, fetch_optional as (i64, Vec<u8>, Vec<u8>), ANCHOR, organization.uuid())?;
    let Some((sequence, hash, signature)) = found else { return Ok(None) };
    let hash = ChainHash::try_from(hash).map_err(|_| StoreError::unreadable("audit_anchors.hash", sequence))?;
    Ok(Some(ChainAnchor { sequence, hash, signature }))
}

const FIRST_SINCE: &str =
    "SELECT sequence FROM audit_events WHERE organization_id = $1 AND at >= $2 ORDER BY sequence LIMIT 1";

/// Sequence number of the first event in the chain that happened at `moment`
/// (in milliseconds since 1970) or later.
pub async fn first_since(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    moment: i64,
) -> Result<Option<i64>, StoreError> {
    Ok(sql!(conn, fetch_optional as (i64,), FIRST_SINCE, organization.uuid(), moment)?.map(|row| row.0))
}

/// A part of a chain: how many events, and between which moments they happened,
/// in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// How many.
    pub events: i64,
    /// When the earliest of them happened.
    pub first_at: i64,
    /// When the latest of them happened.
    pub last_at: i64,
}

const SPAN: &str = "SELECT COUNT(*), MIN(at), MAX(at) FROM audit_events
    WHERE organization_id = $1 AND sequence > $2 AND sequence <= $3";

/// The events behind sequence number `after`, up to `through`; `None` if there
/// are none.
pub async fn span(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    (after, through): (i64, i64),
) -> Result<Option<Span>, StoreError> {
    let (events, first_at, last_at) =
        sql!(conn, fetch_one as (i64, Option<i64>, Option<i64>), SPAN, organization.uuid(), after, through)?;
    Ok(first_at.zip(last_at).map(|(first_at, last_at)| Span { events, first_at, last_at }))
}

const DELETE_TARGETS: &str =
    "DELETE FROM audit_targets WHERE organization_id = $1 AND sequence > $2 AND sequence <= $3";
const DELETE_EVENTS: &str = "DELETE FROM audit_events WHERE organization_id = $1 AND sequence > $2 AND sequence <= $3";
const PUT_ANCHOR: &str =
    "INSERT INTO audit_anchors (organization_id, sequence, hash, signature) VALUES ($1, $2, $3, $4)
    ON CONFLICT (organization_id) DO UPDATE SET sequence = $2, hash = $3, signature = $4";

/// Removes the events behind sequence number `after` up to the anchor, and
/// leaves the anchor. Answers how many events that were.
pub async fn remove_through(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    after: i64,
    anchor: &ChainAnchor,
) -> Result<u64, StoreError> {
    let (organization, through) = (organization.uuid(), anchor.sequence);
    sql!(conn, execute, DELETE_TARGETS, organization, after, through)?;
    let removed = sql!(conn, execute, DELETE_EVENTS, organization, after, through)?;
    sql!(conn, execute, PUT_ANCHOR, organization, through, anchor.hash.as_slice(), anchor.signature.as_slice())?;
    Ok(removed)
}
