//! Who holds which role where, and who says so.

use keyward_domain::{
    id::{AdminKeyId, GroupId, OrganizationId, RoleId, SsoProviderId, UserId},
    role::{BuiltIn, Scope},
};
use uuid::Uuid;

use crate::{
    Conn, StoreError,
    access::{scope, scope_uuid},
};

/// Who holds a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Principal {
    /// A user.
    User(UserId),
    /// A group, and so each of its members.
    Group(GroupId),
    /// An admin key, in as far as its owner holds the same.
    AdminKey(AdminKeyId),
}

impl Principal {
    /// `user`, `group` or `admin_key`.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Group(_) => "group",
            Self::AdminKey(_) => "admin_key",
        }
    }

    pub(crate) const fn uuid(self) -> Uuid {
        match self {
            Self::User(id) => id.uuid(),
            Self::Group(id) => id.uuid(),
            Self::AdminKey(id) => id.uuid(),
        }
    }

    fn read(kind: &str, id: Uuid) -> Result<Self, StoreError> {
        Ok(match kind {
            "user" => Self::User(UserId::from_uuid(id)),
            "group" => Self::Group(GroupId::from_uuid(id)),
            "admin_key" => Self::AdminKey(AdminKeyId::from_uuid(id)),
            other => return Err(StoreError::unreadable("role_assignments.principal_kind", other)),
        })
    }
}

impl std::fmt::Display for Principal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::User(id) => id.fmt(f),
            Self::Group(id) => id.fmt(f),
            Self::AdminKey(id) => id.fmt(f),
        }
    }
}

/// One role held by one principal at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assignment {
    /// Who holds it.
    pub principal: Principal,
    /// Where.
    pub scope: Scope,
    /// Which role.
    pub role: RoleId,
    /// The SSO provider whose claims say so; `None`: somebody decided it.
    pub source: Option<SsoProviderId>,
    /// Who decided it.
    pub created_by: Option<UserId>,
    /// When, in milliseconds since 1970.
    pub created_at: i64,
}

#[derive(sqlx::FromRow)]
struct Row {
    principal_kind: String,
    principal_id: Uuid,
    project_id: Uuid,
    role_id: Uuid,
    source: Uuid,
    created_by: Option<Uuid>,
    created_at: i64,
}

impl TryFrom<Row> for Assignment {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            principal: Principal::read(&row.principal_kind, row.principal_id)?,
            scope: scope(row.project_id),
            role: RoleId::from_uuid(row.role_id),
            source: (!row.source.is_nil()).then(|| SsoProviderId::from_uuid(row.source)),
            created_by: row.created_by.map(UserId::from_uuid),
            created_at: row.created_at,
        })
    }
}

const INSERT: &str = "INSERT INTO role_assignments
    (organization_id, principal_kind, principal_id, project_id, role_id, source, created_by, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";

/// Gives a role; answers whether it wasn't held so already.
pub async fn insert(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    assignment: &Assignment,
) -> Result<bool, StoreError> {
    let Assignment { principal, scope, role, source, created_by, created_at } = *assignment;
    let inserted = sql!(
        conn,
        execute,
        INSERT,
        organization.uuid(),
        principal.kind(),
        principal.uuid(),
        scope_uuid(scope),
        role.uuid(),
        source.map_or(Uuid::nil(), SsoProviderId::uuid),
        created_by.map(UserId::uuid),
        created_at
    )?;
    Ok(inserted == 1)
}

const DELETE: &str = "DELETE FROM role_assignments
    WHERE organization_id = $1 AND principal_id = $2 AND project_id = $3 AND role_id = $4 AND source = $5";

/// Takes a role that somebody's decision gave (`source` `None`) or a provider's
/// claims gave; answers whether it was held so.
pub async fn delete(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    principal: Principal,
    scope: Scope,
    role: RoleId,
    source: Option<SsoProviderId>,
) -> Result<bool, StoreError> {
    let source = source.map_or(Uuid::nil(), SsoProviderId::uuid);
    let (principal, scope) = (principal.uuid(), scope_uuid(scope));
    Ok(sql!(conn, execute, DELETE, organization.uuid(), principal, scope, role.uuid(), source)? > 0)
}

const DELETE_OF_PRINCIPAL: &str =
    "DELETE FROM role_assignments WHERE organization_id = $1 AND principal_id = $2 AND ($3 OR project_id = $4)";

/// Takes all roles of a principal at `scope`; `None`: everywhere.
pub async fn delete_of(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    principal: Principal,
    scope: Option<Scope>,
) -> Result<(), StoreError> {
    let place = scope.map_or(Uuid::nil(), scope_uuid);
    let everywhere = scope.is_none();
    sql!(conn, execute, DELETE_OF_PRINCIPAL, organization.uuid(), principal.uuid(), everywhere, place).map(drop)
}

const OF_PRINCIPAL: &str = "SELECT principal_kind, principal_id, project_id, role_id, source, created_by, created_at
    FROM role_assignments WHERE organization_id = $1 AND principal_id = $2 ORDER BY project_id, role_id, source";

/// All roles of a principal, everywhere.
pub async fn of_principal(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    principal: Principal,
) -> Result<Vec<Assignment>, StoreError> {
    let rows = sql!(conn, fetch_all as Row, OF_PRINCIPAL, organization.uuid(), principal.uuid())?;
    rows.into_iter().map(TryInto::try_into).collect()
}

const THROUGH_GROUPS: &str = "SELECT principal_kind, principal_id, project_id, role_id, source, created_by, created_at
    FROM role_assignments WHERE organization_id = $1 AND principal_kind = 'group'
        AND principal_id IN (SELECT group_id FROM group_members WHERE user_id = $2)
    ORDER BY project_id, role_id, principal_id, source";

/// All roles of the groups that a user is in.
pub async fn through_groups(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    user: UserId,
) -> Result<Vec<Assignment>, StoreError> {
    let rows = sql!(conn, fetch_all as Row, THROUGH_GROUPS, organization.uuid(), user.uuid())?;
    rows.into_iter().map(TryInto::try_into).collect()
}

const OWNERS_BESIDES: &str = "SELECT COUNT(DISTINCT a.principal_id) FROM role_assignments a
    JOIN organization_members m ON m.organization_id = a.organization_id AND m.user_id = a.principal_id
    WHERE a.organization_id = $1 AND a.principal_kind = 'user' AND a.project_id = $2 AND a.role_id = $3
        AND a.principal_id <> $4 AND m.disabled_at IS NULL";

/// How many owners an organization has besides this user, disabled ones left
/// out.
pub async fn owners_besides(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    user: UserId,
) -> Result<i64, StoreError> {
    let owner = BuiltIn::OrganizationOwner.id().uuid();
    sql!(conn, fetch_one as (i64,), OWNERS_BESIDES, organization.uuid(), Uuid::nil(), owner, user.uuid())
        .map(|row| row.0)
}

const DELETE_OF_ROLE: &str = "DELETE FROM role_assignments WHERE organization_id = $1 AND role_id = $2";

/// Takes a role from all who hold it.
pub async fn delete_of_role(conn: &mut Conn<'_>, organization: OrganizationId, role: RoleId) -> Result<(), StoreError> {
    sql!(conn, execute, DELETE_OF_ROLE, organization.uuid(), role.uuid()).map(drop)
}

const OF_ROLE: &str = "SELECT principal_kind, principal_id, project_id, role_id, source, created_by, created_at
    FROM role_assignments WHERE organization_id = $1 AND role_id = $2 ORDER BY principal_id, project_id, source";

/// All who hold a role.
pub async fn of_role(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    role: RoleId,
) -> Result<Vec<Assignment>, StoreError> {
    let rows = sql!(conn, fetch_all as Row, OF_ROLE, organization.uuid(), role.uuid())?;
    rows.into_iter().map(TryInto::try_into).collect()
}

const AT: &str = "SELECT principal_kind, principal_id, project_id, role_id, source, created_by, created_at
    FROM role_assignments WHERE organization_id = $1 AND project_id = $2 AND principal_kind = $3
    ORDER BY principal_id, role_id, source";

/// All roles held at `scope` by principals of the kind of `kind` (`user`,
/// `group` or `admin_key`).
pub async fn at(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    scope: Scope,
    kind: &'static str,
) -> Result<Vec<Assignment>, StoreError> {
    let rows = sql!(conn, fetch_all as Row, AT, organization.uuid(), scope_uuid(scope), kind)?;
    rows.into_iter().map(TryInto::try_into).collect()
}
