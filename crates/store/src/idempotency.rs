//! Idempotency keys: which creating request made what, for 24 hours.

use keyward_domain::id::OrganizationId;
use uuid::Uuid;

use crate::{Conn, StoreError};

/// What was made under an idempotency key before.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Made {
    /// SHA-256 of the method, path and body of the request that made it.
    pub request_hash: Vec<u8>,
    /// Its id.
    pub resource_id: String,
}

const FORGET: &str = "DELETE FROM idempotency_keys WHERE organization_id = $1 AND created_at < $2";
const INSERT: &str =
    "INSERT INTO idempotency_keys (organization_id, actor_id, idempotency_key, request_hash, resource_id, created_at)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
const FIND: &str = "SELECT request_hash, resource_id FROM idempotency_keys
    WHERE organization_id = $1 AND actor_id = $2 AND idempotency_key = $3";

/// Keeps what is about to be made under `key`; answers what stands there
/// already instead. Keys made before `horizon` are forgotten first.
pub async fn keep(
    conn: &mut Conn<'_>,
    (organization, actor): (OrganizationId, Uuid),
    key: &str,
    made: &Made,
    now: i64,
    horizon: i64,
) -> Result<Option<Made>, StoreError> {
    let organization = organization.uuid();
    sql!(conn, execute, FORGET, organization, horizon)?;
    let kept = sql!(
        conn,
        execute,
        INSERT,
        organization,
        actor,
        key,
        made.request_hash.as_slice(),
        made.resource_id.as_str(),
        now
    )?;
    if kept == 1 { Ok(None) } else { sql!(conn, fetch_optional as Made, FIND, organization, actor, key) }
}
