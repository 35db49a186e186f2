//! Proving the chains in a database: each event, the columns and targets that
//! it is found by, the signed anchor and the signed head, in one unchanging
//! state.

use std::collections::HashMap;

use keyward_domain::{actor::Actor, audit::ChainHash, id::OrganizationId, permission::Permission, role::Scope};
use keyward_store::{
    Conn, Pool, StoreError,
    audit::{self as store, EventRow},
    installation,
};

use super::{Broken, Reason, Verification, Walk};
use crate::{
    Keyward, Result,
    audit::{PublicKey, SignedAnchor, SignedHead},
    authorize::authorize,
};

/// Rows read at once.
const STRETCH: i64 = 1000;

/// Proves the chain of the actor's organization.
pub async fn verify(keyward: &Keyward, actor: &Actor) -> Result<Verification> {
    authorize(actor, Permission::AuditRead, Scope::Organization)?;
    verify_chain(&keyward.pool, actor.organization, &keyward.audit_public_key().into()).await
}

/// Proves every organization's chain by the public key that the database
/// itself names. Whoever can write the whole database can replace that key too:
/// better name the one that you noted elsewhere ([`verify_database_by`]).
pub async fn verify_database(pool: &Pool) -> Result<Vec<Verification>> {
    let mut connection = pool.read().await?;
    let installation = installation::find(&mut connection.conn()).await?;
    drop(connection);
    let key = installation.and_then(|installation| PublicKey::from_bytes(&installation.audit_public_key));
    let key = key.ok_or_else(|| StoreError::Unreadable("installation.audit_public_key isn't a public key".into()))?;
    verify_database_by(pool, &key).await
}

/// Proves every organization's chain, oldest organization first.
pub async fn verify_database_by(pool: &Pool, key: &PublicKey) -> Result<Vec<Verification>> {
    let mut connection = pool.read().await?;
    let organizations = keyward_store::organization::all(&mut connection.conn()).await?;
    drop(connection);
    let mut verifications = Vec::with_capacity(organizations.len());
    for organization in organizations {
        verifications.push(verify_chain(pool, organization.id, key).await?);
    }
    Ok(verifications)
}

async fn verify_chain(pool: &Pool, organization: OrganizationId, key: &PublicKey) -> Result<Verification> {
    Ok(prove(pool, organization, key, (0, STRETCH)).await?.verification)
}

/// A place in a chain, and the hash there.
pub(crate) type Mark = (i64, ChainHash);

/// What proving a whole chain showed, with places to stop at on the way.
pub(crate) struct Proven {
    pub verification: Verification,
    /// What the first event follows.
    pub start: Mark,
    /// Places behind the start, in order, the last being where they were to end.
    pub marks: Vec<Mark>,
}

/// Proves a chain to its end. Up to event `through` it is marked at every
/// `step`th event, and there.
pub(crate) async fn prove(
    pool: &Pool,
    organization: OrganizationId,
    key: &PublicKey,
    (through, step): (i64, i64),
) -> Result<Proven> {
    let mut snapshot = pool.snapshot().await?;
    let conn = &mut snapshot.conn();
    let mut marks = Vec::new();
    let (mut walk, mut taken) = begin(conn, organization, key).await?;
    let start = walk.verifier.head();
    if taken.is_ok() {
        taken = take_through(conn, organization, &mut walk, (i64::MIN, through), step, &mut marks).await?;
    }
    if taken.is_ok() {
        let after = if marks.is_empty() { i64::MIN } else { walk.verifier.head().0 };
        taken = take_through(conn, organization, &mut walk, (after, i64::MAX), STRETCH, &mut Vec::new()).await?;
    }
    let head = match store::head(conn, organization).await {
        Ok(head) if head.sequence == 0 => None,
        Ok(head) => Some(SignedHead {
            organization_id: organization.to_string(),
            sequence: head.sequence,
            hash: head.hash,
            signature: head.signature,
            public_key: *key,
        }),
        // A head that can't be read proves as little as none.
        Err(StoreError::Unreadable(_)) => None,
        Err(error) => return Err(error.into()),
    };
    Ok(Proven { verification: walk.finish(taken, head, Some(key)), start, marks })
}

/// Proves again, within a change, what lies between two marks of a chain that
/// was proven.
pub(crate) async fn prove_segment(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    after: Mark,
    mark: Mark,
) -> Result<std::result::Result<(), Broken>> {
    let mut walk = Walk::after(organization.to_string(), after);
    let taken = take_through(conn, organization, &mut walk, (i64::MIN, mark.0), STRETCH, &mut Vec::new()).await?;
    let agrees = || {
        let broken = Broken { sequence: mark.0, id: None, reason: Reason::Changed };
        if walk.verifier.head() == mark { Ok(()) } else { Err(broken) }
    };
    Ok(taken.and_then(|()| agrees()))
}

/// Where the chain begins: behind its anchor, if that is genuine.
async fn begin(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    key: &PublicKey,
) -> Result<(Walk, std::result::Result<(), Broken>)> {
    let from_start = Walk::from_start(organization.to_string());
    // A database of an earlier Keyward is proven as it is.
    if !installation::table_exists(conn, "audit_anchors").await? {
        return Ok((from_start, Ok(())));
    }
    let anchor = match store::anchor(conn, organization).await {
        Ok(None) => return Ok((from_start, Ok(()))),
        Ok(Some(anchor)) => Some(SignedAnchor::of(organization, anchor)),
        Err(StoreError::Unreadable(_)) => None,
        Err(error) => return Err(error.into()),
    };
    Ok(match anchor.filter(|anchor| anchor.is_genuine(key)) {
        Some(anchor) => {
            let walk = Walk::after(organization.to_string(), (anchor.sequence, anchor.hash));
            (Walk { anchor: Some(anchor), ..walk }, Ok(()))
        }
        None => {
            let forged = from_start.broken(None, Reason::AnchorForged);
            (from_start, Err(forged))
        }
    })
}

/// Takes the rows behind `after` until event `through` is taken or there are no
/// more, and marks every `step`th; the inner error is where the chain breaks.
async fn take_through(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    walk: &mut Walk,
    (mut after, through): (i64, i64),
    mut step: i64,
    marks: &mut Vec<Mark>,
) -> Result<std::result::Result<(), Broken>> {
    loop {
        let wanted = through.saturating_sub(walk.verifier.head().0).min(step);
        if wanted <= 0 {
            return Ok(Ok(()));
        }
        let rows = match store::rows(conn, organization, after, wanted).await {
            Ok(rows) => rows,
            // One row among them can't be read: go on singly, to find it.
            Err(StoreError::Unreadable(_)) if wanted > 1 => {
                step = 1;
                continue;
            }
            Err(StoreError::Unreadable(_)) => return Ok(Err(walk.broken(None, Reason::Unreadable))),
            Err(error) => return Err(error.into()),
        };
        let Some(last) = rows.last().map(|row| row.sequence) else { return Ok(Ok(())) };
        let mut targets: HashMap<i64, Vec<String>> = HashMap::new();
        for (sequence, target) in store::targets(conn, organization, after, last).await? {
            targets.entry(sequence).or_default().push(target);
        }
        for row in rows {
            let kept = targets.remove(&row.sequence).unwrap_or_default();
            if let Err(broken) = take(walk, organization, &row, &kept) {
                return Ok(Err(broken));
            }
        }
        after = last;
        marks.push(walk.verifier.head());
    }
}

fn take(
    walk: &mut Walk,
    organization: OrganizationId,
    row: &EventRow,
    targets: &[String],
) -> std::result::Result<(), Broken> {
    if row.sequence != walk.expected() {
        return Err(walk.broken(None, Reason::Missing { found: row.sequence }));
    }
    let id = keyward_domain::id::AuditEventId::from_uuid(row.id).to_string();
    let at = |reason| Broken { sequence: row.sequence, id: Some(id.clone()), reason };
    let hash = ChainHash::try_from(row.hash.as_slice()).map_err(|_| at(Reason::Changed))?;
    let event = walk.take(&row.event, &hash)?;
    if let Some(column) = row.differing_column(organization, &event) {
        return Err(at(Reason::Column(column)));
    }
    let mut own = event.targets;
    own.sort_unstable();
    own.dedup();
    if own != targets {
        return Err(at(Reason::Targets));
    }
    walk.hold(event.at_ms);
    Ok(())
}
