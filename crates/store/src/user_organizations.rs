//! The organizations of a user: where somebody who signs in may go. The one
//! look-up of members that isn't scoped to an organization, because it is
//! scoped to the user.

use keyward_domain::{
    Name,
    clock::from_millis,
    id::{OrganizationId, UserId},
    organization::Organization,
};
use uuid::Uuid;

use crate::{Conn, StoreError};

/// An organization that a user belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserOrganization {
    /// The organization.
    pub organization: Organization,
    /// Whether the user may come in there at all.
    pub is_enabled: bool,
    /// Whether it wants its members to come by single sign-on.
    pub requires_sso: bool,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    name: String,
    created_at: i64,
    disabled_at: Option<i64>,
    sso_required: i64,
}

impl From<Row> for UserOrganization {
    fn from(row: Row) -> Self {
        Self {
            organization: Organization {
                id: OrganizationId::from_uuid(row.id),
                name: Name::from_stored(row.name),
                created_at: from_millis(row.created_at),
            },
            is_enabled: row.disabled_at.is_none(),
            requires_sso: row.sso_required != 0,
        }
    }
}

const ALL: &str = "SELECT o.id, o.name, o.created_at, m.disabled_at, o.sso_required FROM organization_members m
    JOIN organizations o ON o.id = m.organization_id WHERE m.user_id = $1 ORDER BY o.id";

/// All organizations of a user, the oldest first, also those in which they are
/// disabled. `None` is nobody, who is asked for like everybody else.
pub async fn all(conn: &mut Conn<'_>, user: Option<UserId>) -> Result<Vec<UserOrganization>, StoreError> {
    let user = user.map_or(Uuid::nil(), UserId::uuid);
    Ok(sql!(conn, fetch_all as Row, ALL, user)?.into_iter().map(Into::into).collect())
}
