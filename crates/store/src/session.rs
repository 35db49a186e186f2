//! Sessions: users who are signed in. The secret in the cookie is kept as its
//! digest only.

use keyward_domain::{
    Timestamp,
    clock::{from_millis, to_millis},
    id::{OrganizationId, RoleId, SessionId, SsoProviderId, UserId},
};
use uuid::Uuid;

use crate::{Conn, StoreError};

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Who is signed in.
    pub user: UserId,
    /// The organization in which they act.
    pub organization: OrganizationId,
    /// The SSO provider that vouched for them; `None`: a password.
    pub sso_provider: Option<SsoProviderId>,
    /// When they signed in.
    pub created_at: Timestamp,
    /// When they were last here, to the minute.
    pub last_seen_at: Timestamp,
    /// When it ends whatever happens.
    pub expires_at: Timestamp,
    /// From which address they signed in.
    pub ip: Option<String>,
    /// With which program.
    pub user_agent: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    user_id: Uuid,
    organization_id: Uuid,
    sso_provider_id: Option<Uuid>,
    created_at: i64,
    last_seen_at: i64,
    expires_at: i64,
    ip: Option<String>,
    user_agent: Option<String>,
}

impl From<Row> for Session {
    fn from(row: Row) -> Self {
        Self {
            id: SessionId::from_uuid(row.id),
            user: UserId::from_uuid(row.user_id),
            organization: OrganizationId::from_uuid(row.organization_id),
            sso_provider: row.sso_provider_id.map(SsoProviderId::from_uuid),
            created_at: from_millis(row.created_at),
            last_seen_at: from_millis(row.last_seen_at),
            expires_at: from_millis(row.expires_at),
            ip: row.ip,
            user_agent: row.user_agent,
        }
    }
}

const INSERT: &str = "INSERT INTO sessions (id, user_id, organization_id, digest, sso_provider_id, created_at,
    last_seen_at, expires_at, ip, user_agent) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

/// Keeps a new session under the digest of its secret.
pub async fn insert(conn: &mut Conn<'_>, session: &Session, digest: &[u8]) -> Result<(), StoreError> {
    sql!(
        conn,
        execute,
        INSERT,
        session.id.uuid(),
        session.user.uuid(),
        session.organization.uuid(),
        digest,
        session.sso_provider.map(SsoProviderId::uuid),
        to_millis(session.created_at),
        to_millis(session.last_seen_at),
        to_millis(session.expires_at),
        session.ip.as_deref(),
        session.user_agent.as_deref()
    )
    .map(drop)
}

const FIND_BY_DIGEST: &str = "SELECT id, user_id, organization_id, sso_provider_id, created_at, last_seen_at,
    expires_at, ip, user_agent FROM sessions WHERE digest = $1";

/// The session with that secret, also one that is over.
pub async fn find_by_digest(conn: &mut Conn<'_>, digest: &[u8]) -> Result<Option<Session>, StoreError> {
    Ok(sql!(conn, fetch_optional as Row, FIND_BY_DIGEST, digest)?.map(Into::into))
}

const FIND: &str = "SELECT id, user_id, organization_id, sso_provider_id, created_at, last_seen_at,
    expires_at, ip, user_agent FROM sessions WHERE id = $1";

/// The session with that id, also one that is over.
pub async fn find(conn: &mut Conn<'_>, id: SessionId) -> Result<Option<Session>, StoreError> {
    Ok(sql!(conn, fetch_optional as Row, FIND, id.uuid())?.map(Into::into))
}

const OF_USER: &str = "SELECT id, user_id, organization_id, sso_provider_id, created_at, last_seen_at,
    expires_at, ip, user_agent FROM sessions WHERE user_id = $1 ORDER BY id DESC";

/// A user's sessions, newest first, also those that are over.
pub async fn of_user(conn: &mut Conn<'_>, user: UserId) -> Result<Vec<Session>, StoreError> {
    Ok(sql!(conn, fetch_all as Row, OF_USER, user.uuid())?.into_iter().map(Into::into).collect())
}

const SEEN: &str = "UPDATE sessions SET last_seen_at = $2 WHERE id = $1 AND last_seen_at < $2";

/// Notes that somebody was here.
pub async fn seen(conn: &mut Conn<'_>, id: SessionId, now: i64) -> Result<(), StoreError> {
    sql!(conn, execute, SEEN, id.uuid(), now).map(drop)
}

const DELETE: &str = "DELETE FROM sessions WHERE id = $1";

/// Ends a session.
pub async fn delete(conn: &mut Conn<'_>, id: SessionId) -> Result<(), StoreError> {
    sql!(conn, execute, DELETE, id.uuid()).map(drop)
}

const DELETE_OF_USER: &str = "DELETE FROM sessions WHERE user_id = $1 AND id <> $2 AND ($3 OR organization_id = $4)";

/// Ends a user's sessions in an organization (`None`: in all) but for `kept`;
/// answers how many.
pub async fn delete_of_user(
    conn: &mut Conn<'_>,
    user: UserId,
    organization: Option<OrganizationId>,
    kept: Option<SessionId>,
) -> Result<u64, StoreError> {
    let kept = kept.map_or(Uuid::nil(), SessionId::uuid);
    let place = organization.map_or(Uuid::nil(), OrganizationId::uuid);
    sql!(conn, execute, DELETE_OF_USER, user.uuid(), kept, organization.is_none(), place)
}

const DELETE_OVER: &str = "DELETE FROM sessions WHERE expires_at <= $1 OR last_seen_at <= $2";

/// Forgets sessions that have expired by `now` or weren't used since `idle`.
pub async fn delete_over(conn: &mut Conn<'_>, now: i64, idle: i64) -> Result<u64, StoreError> {
    sql!(conn, execute, DELETE_OVER, now, idle)
}

const DELETE_OF_PROVIDER: &str = "DELETE FROM sessions WHERE organization_id = $1 AND sso_provider_id = $2";

/// Ends the sessions that an SSO provider vouched for; answers how many.
pub async fn delete_of_provider(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    provider: SsoProviderId,
) -> Result<u64, StoreError> {
    sql!(conn, execute, DELETE_OF_PROVIDER, organization.uuid(), provider.uuid())
}

const DELETE_BY_PASSWORD: &str = "DELETE FROM sessions
    WHERE organization_id = $1 AND sso_provider_id IS NULL AND id <> $2
    AND user_id NOT IN (SELECT principal_id FROM role_assignments
        WHERE organization_id = $1 AND role_id = $3 AND principal_kind = 'user')
    AND user_id NOT IN (SELECT user_id FROM group_members WHERE group_id IN (SELECT principal_id
        FROM role_assignments WHERE organization_id = $1 AND role_id = $3 AND principal_kind = 'group'))";

/// Ends the sessions in an organization that a password opened, but for
/// `kept` and those of whoever holds the role `but`; answers how many.
pub async fn delete_by_password(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    kept: Option<SessionId>,
    but: RoleId,
) -> Result<u64, StoreError> {
    let kept = kept.map_or(Uuid::nil(), SessionId::uuid);
    sql!(conn, execute, DELETE_BY_PASSWORD, organization.uuid(), kept, but.uuid())
}
