//! Who users are at identity providers: the subject that a provider knows
//! somebody by, and the user who that is here.

use keyward_domain::id::{SsoProviderId, UserId};
use uuid::Uuid;

use crate::{Conn, StoreError};

const FIND: &str = "SELECT user_id FROM identities WHERE sso_provider_id = $1 AND subject = $2";

/// The user whom a provider knows as `subject`.
pub async fn find(conn: &mut Conn<'_>, provider: SsoProviderId, subject: &str) -> Result<Option<UserId>, StoreError> {
    Ok(sql!(conn, fetch_optional as (Uuid,), FIND, provider.uuid(), subject)?.map(|row| UserId::from_uuid(row.0)))
}

const PUT: &str = "INSERT INTO identities (sso_provider_id, subject, user_id, created_at, last_sign_in_at)
    VALUES ($1, $2, $3, $4, $4)
    ON CONFLICT (sso_provider_id, subject) DO UPDATE SET last_sign_in_at = excluded.last_sign_in_at";

/// Notes that a user signed in as `subject`; the first time makes the two one.
pub async fn put(
    conn: &mut Conn<'_>,
    provider: SsoProviderId,
    subject: &str,
    user: UserId,
    now: i64,
) -> Result<(), StoreError> {
    sql!(conn, execute, PUT, provider.uuid(), subject, user.uuid(), now).map(drop)
}

const DELETE_OF: &str = "DELETE FROM identities WHERE sso_provider_id = $1";

/// Forgets whom a provider knows; answers how many that were.
pub async fn delete_of(conn: &mut Conn<'_>, provider: SsoProviderId) -> Result<u64, StoreError> {
    sql!(conn, execute, DELETE_OF, provider.uuid())
}
