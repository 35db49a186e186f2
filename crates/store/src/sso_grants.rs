//! What identity providers' claims give: memberships of groups and roles whose
//! `source` is the provider. What somebody decided is never touched here.

use keyward_domain::{
    Name,
    clock::from_millis,
    id::{GroupId, OrganizationId, ProjectId, RoleId, SsoProviderId, UserId},
    role::{BuiltIn, Custom, Role},
    sso::Given,
};
use uuid::Uuid;

use crate::{
    Conn, StoreError,
    access::{read_permissions, scope, scope_uuid},
};

/// Something that claims gave somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Held {
    /// Who holds it.
    pub user: UserId,
    /// What.
    pub given: Given,
}

const ROLES: &str = "SELECT principal_id, role_id, project_id FROM role_assignments
    WHERE organization_id = $1 AND source = $2 AND principal_kind = 'user' AND ($3 OR principal_id = $4)
    ORDER BY principal_id, project_id, role_id";

const GROUPS: &str = "SELECT user_id, group_id FROM group_members
    WHERE source = $2 AND group_id IN (SELECT id FROM groups WHERE organization_id = $1) AND ($3 OR user_id = $4)
    ORDER BY user_id, group_id";

/// All that a provider's claims gave `user` (`None`: anybody).
pub async fn of(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    provider: SsoProviderId,
    user: Option<UserId>,
) -> Result<Vec<Held>, StoreError> {
    let (organization, source) = (organization.uuid(), provider.uuid());
    let (anybody, who) = (user.is_none(), user.map_or(Uuid::nil(), UserId::uuid));
    let roles = sql!(conn, fetch_all as (Uuid, Uuid, Uuid), ROLES, organization, source, anybody, who)?;
    let groups = sql!(conn, fetch_all as (Uuid, Uuid), GROUPS, organization, source, anybody, who)?;
    let role = |(user, role, project)| Held {
        user: UserId::from_uuid(user),
        given: Given::Role(RoleId::from_uuid(role), scope(project)),
    };
    let group = |(user, group)| Held { user: UserId::from_uuid(user), given: Given::Group(GroupId::from_uuid(group)) };
    Ok(roles.into_iter().map(role).chain(groups.into_iter().map(group)).collect())
}

const INSERT_ROLE: &str = "INSERT INTO role_assignments
    (organization_id, principal_kind, principal_id, project_id, role_id, source, created_by, created_at)
    VALUES ($1, 'user', $2, $3, $4, $5, NULL, $6) ON CONFLICT DO NOTHING";

const INSERT_GROUP: &str = "INSERT INTO group_members (group_id, user_id, source, created_at)
    SELECT id, $2, $4, $5 FROM groups WHERE organization_id = $1 AND id = $3 ON CONFLICT DO NOTHING";

/// Gives somebody what a provider's claims say.
pub async fn insert(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    provider: SsoProviderId,
    held: Held,
    now: i64,
) -> Result<(), StoreError> {
    let (organization, source, user) = (organization.uuid(), provider.uuid(), held.user.uuid());
    match held.given {
        Given::Role(role, scope) => {
            sql!(conn, execute, INSERT_ROLE, organization, user, scope_uuid(scope), role.uuid(), source, now)
        }
        Given::Group(group) => sql!(conn, execute, INSERT_GROUP, organization, user, group.uuid(), source, now),
    }
    .map(drop)
}

const DELETE_ROLE: &str = "DELETE FROM role_assignments
    WHERE organization_id = $1 AND principal_id = $2 AND project_id = $3 AND role_id = $4 AND source = $5";

const DELETE_GROUP: &str = "DELETE FROM group_members WHERE user_id = $2 AND group_id = $3 AND source = $4
    AND group_id IN (SELECT id FROM groups WHERE organization_id = $1)";

/// Takes what a provider's claims gave.
pub async fn delete(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    provider: SsoProviderId,
    held: Held,
) -> Result<(), StoreError> {
    let (organization, source, user) = (organization.uuid(), provider.uuid(), held.user.uuid());
    match held.given {
        Given::Role(role, scope) => {
            sql!(conn, execute, DELETE_ROLE, organization, user, scope_uuid(scope), role.uuid(), source)
        }
        Given::Group(group) => sql!(conn, execute, DELETE_GROUP, organization, user, group.uuid(), source),
    }
    .map(drop)
}

const GROUP: &str = "SELECT name FROM groups WHERE organization_id = $1 AND id = $2";

/// The name of a group of the organization.
pub async fn group_name(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    group: GroupId,
) -> Result<Option<Name>, StoreError> {
    let found = sql!(conn, fetch_optional as (String,), GROUP, organization.uuid(), group.uuid())?;
    Ok(found.map(|row| Name::from_stored(row.0)))
}

#[derive(sqlx::FromRow)]
struct RoleRow {
    project_id: Option<Uuid>,
    name: String,
    description: String,
    permissions: String,
    created_by: Option<Uuid>,
    created_at: i64,
    updated_at: i64,
    version: i64,
}

const ROLE: &str = "SELECT project_id, name, description, permissions, created_by, created_at, updated_at, version
    FROM roles WHERE organization_id = $1 AND id = $2";

/// A role, built in or the organization's own.
pub async fn role(conn: &mut Conn<'_>, organization: OrganizationId, id: RoleId) -> Result<Option<Role>, StoreError> {
    if let Some(built_in) = BuiltIn::find(id) {
        return Ok(Some(built_in.role(organization)));
    }
    let Some(row) = sql!(conn, fetch_optional as RoleRow, ROLE, organization.uuid(), id.uuid())? else {
        return Ok(None);
    };
    Ok(Some(Role {
        id,
        organization,
        project: row.project_id.map(ProjectId::from_uuid),
        name: Name::from_stored(row.name),
        description: row.description,
        permissions: read_permissions(&row.permissions, id.uuid())?,
        custom: Some(Custom {
            created_by: row.created_by.map(UserId::from_uuid),
            created_at: from_millis(row.created_at),
            updated_at: from_millis(row.updated_at),
            version: row.version,
        }),
    }))
}
