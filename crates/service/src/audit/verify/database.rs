//! Proving the chains in a database: each event, the columns and targets that
//! it is found by, and the signed head, in one unchanging state.

use std::collections::HashMap;

use keyward_domain::{actor::Actor, audit::ChainHash, id::OrganizationId, permission::Permission, role::Scope};
use keyward_store::{
    Conn, Pool, StoreError,
    audit::{self as store, EventRow},
};

use super::{Broken, Reason, Verification, Walk};
use crate::{
    Keyward, Result,
    audit::{PublicKey, SignedHead},
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
    let installation = keyward_store::installation::find(&mut connection.conn()).await?;
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
    let mut snapshot = pool.snapshot().await?;
    let conn = &mut snapshot.conn();
    let mut walk = Walk::from_start(organization.to_string());
    let taken = take_all(conn, organization, &mut walk).await?;
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
    Ok(walk.finish(taken, head, Some(key)))
}

/// Takes every row of the chain; the inner error is where it breaks.
async fn take_all(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    walk: &mut Walk,
) -> Result<std::result::Result<(), Broken>> {
    let (mut after, mut stretch) = (i64::MIN, STRETCH);
    loop {
        let rows = match store::rows(conn, organization, after, stretch).await {
            Ok(rows) => rows,
            // One row among them can't be read: go on singly, to find it.
            Err(StoreError::Unreadable(_)) if stretch > 1 => {
                stretch = 1;
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
    if own == targets { Ok(()) } else { Err(at(Reason::Targets)) }
}
