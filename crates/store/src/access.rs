//! What principals may do: their roles, read together. A user holds their own
//! roles and those of their groups.

use keyward_domain::{
    Name,
    access::Access,
    id::{AdminKeyId, OrganizationId, ProjectId, RoleId, UserId},
    permission::{Permission, PermissionSet},
    role::{BuiltIn, Role, Scope},
};
use uuid::Uuid;

use crate::{Conn, StoreError};

#[derive(sqlx::FromRow)]
struct Held {
    project_id: Uuid,
    role_id: Uuid,
    of_project: Option<Uuid>,
    permissions: Option<String>,
}

/// Where an assignment holds: the nil UUID stands for the organization.
pub(crate) fn scope(project: Uuid) -> Scope {
    if project.is_nil() { Scope::Organization } else { Scope::Project(ProjectId::from_uuid(project)) }
}

/// What stands for `scope` in an assignment.
pub(crate) fn scope_uuid(scope: Scope) -> Uuid {
    scope.project().map_or(Uuid::nil(), ProjectId::uuid)
}

/// The permissions of a stored role. A name that this version doesn't know
/// gives nothing.
pub(crate) fn read_permissions(text: &str, role: Uuid) -> Result<PermissionSet, StoreError> {
    let names: Vec<String> =
        serde_json::from_str(text).map_err(|_| StoreError::unreadable("roles.permissions", role))?;
    Ok(names.iter().filter_map(|name| Permission::parse(name)).collect())
}

fn add(access: &mut Access, organization: OrganizationId, held: Held) -> Result<(), StoreError> {
    let id = RoleId::from_uuid(held.role_id);
    let role = match (BuiltIn::find(id), held.permissions) {
        (Some(built_in), _) => built_in.role(organization),
        (None, Some(permissions)) => Role {
            id,
            organization,
            project: held.of_project.map(ProjectId::from_uuid),
            name: Name::from_stored(String::new()),
            description: String::new(),
            permissions: read_permissions(&permissions, held.role_id)?,
            custom: None,
        },
        (None, None) => return Ok(()),
    };
    access.add(&role, scope(held.project_id));
    Ok(())
}

const MEMBERSHIP: &str = "SELECT disabled_at FROM organization_members WHERE organization_id = $1 AND user_id = $2";

const ROLES_OF_USER: &str = "SELECT a.project_id, a.role_id, r.project_id AS of_project, r.permissions
    FROM role_assignments a LEFT JOIN roles r ON r.id = a.role_id
    WHERE a.organization_id = $1 AND (a.principal_id = $2 AND a.principal_kind = 'user'
        OR a.principal_kind = 'group' AND a.principal_id IN (SELECT group_id FROM group_members WHERE user_id = $2))";

/// What a user may do in an organization; `None` if they are no member, or a
/// disabled one.
pub async fn of_user(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    user: UserId,
) -> Result<Option<Access>, StoreError> {
    match sql!(conn, fetch_optional as (Option<i64>,), MEMBERSHIP, organization.uuid(), user.uuid())? {
        Some((None,)) => {}
        _ => return Ok(None),
    }
    of_member(conn, organization, user).await.map(Some)
}

/// What a member holds, also while they are disabled: what somebody must hold
/// who changes something about them.
pub async fn of_member(conn: &mut Conn<'_>, organization: OrganizationId, user: UserId) -> Result<Access, StoreError> {
    let mut access = Access::member();
    for held in sql!(conn, fetch_all as Held, ROLES_OF_USER, organization.uuid(), user.uuid())? {
        add(&mut access, organization, held)?;
    }
    Ok(access)
}

const ROLES_OF_PRINCIPAL: &str = "SELECT a.project_id, a.role_id, r.project_id AS of_project, r.permissions
    FROM role_assignments a LEFT JOIN roles r ON r.id = a.role_id
    WHERE a.organization_id = $1 AND a.principal_id = $2";

/// What the roles of a group or an admin key give by themselves; `None` if it
/// has none.
pub async fn of_principal(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    principal: Uuid,
) -> Result<Option<Access>, StoreError> {
    let rows = sql!(conn, fetch_all as Held, ROLES_OF_PRINCIPAL, organization.uuid(), principal)?;
    if rows.is_empty() {
        return Ok(None);
    }
    let mut access = Access::default();
    for held in rows {
        add(&mut access, organization, held)?;
    }
    Ok(Some(access))
}

/// What an admin key may do: what its owner may, and of that only what its
/// roles say if it has any. `None` if its owner may do nothing here any more.
pub async fn of_admin_key(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    key: AdminKeyId,
    owner: UserId,
) -> Result<Option<Access>, StoreError> {
    let Some(owners) = of_user(conn, organization, owner).await? else { return Ok(None) };
    let own = of_principal(conn, organization, key.uuid()).await?;
    Ok(Some(own.map_or(owners.clone(), |own| owners.both(&own))))
}
