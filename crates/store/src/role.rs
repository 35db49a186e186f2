//! Custom roles. Built-in ones are in the program: they are in no table.

use keyward_domain::{
    Name,
    clock::{from_millis, to_millis},
    id::{OrganizationId, ProjectId, RoleId, UserId},
    permission::Permission,
    role::{Custom, Role, Scope},
};
use sqlx::QueryBuilder;
use uuid::Uuid;

use crate::{Conn, StoreError, access::read_permissions, page::one_of, patience::in_time};

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    organization_id: Uuid,
    project_id: Option<Uuid>,
    name: String,
    description: String,
    permissions: String,
    created_by: Option<Uuid>,
    created_at: i64,
    updated_at: i64,
    version: i64,
}

impl TryFrom<Row> for Role {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: RoleId::from_uuid(row.id),
            organization: OrganizationId::from_uuid(row.organization_id),
            project: row.project_id.map(ProjectId::from_uuid),
            name: Name::from_stored(row.name),
            description: row.description,
            permissions: read_permissions(&row.permissions, row.id)?,
            custom: Some(Custom {
                created_by: row.created_by.map(UserId::from_uuid),
                created_at: from_millis(row.created_at),
                updated_at: from_millis(row.updated_at),
                version: row.version,
            }),
        })
    }
}

fn permissions_text(role: &Role) -> String {
    let names: Vec<_> = role.permissions.iter().map(Permission::as_str).collect();
    serde_json::to_string(&names).unwrap_or_default()
}

const INSERT: &str = "INSERT INTO roles
    (id, organization_id, project_id, name, description, permissions, created_by, created_at, updated_at, version)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

/// Keeps a new custom role. A taken name is [`name_is_taken`].
pub async fn insert(conn: &mut Conn<'_>, role: &Role, custom: &Custom) -> Result<(), StoreError> {
    sql!(
        conn,
        execute,
        INSERT,
        role.id.uuid(),
        role.organization.uuid(),
        role.project.map(ProjectId::uuid),
        role.name.as_str(),
        role.description.as_str(),
        permissions_text(role),
        custom.created_by.map(UserId::uuid),
        to_millis(custom.created_at),
        to_millis(custom.updated_at),
        custom.version
    )
    .map(drop)
}

const UPDATE: &str = "UPDATE roles SET name = $3, description = $4, permissions = $5, updated_at = $6, version = $7
    WHERE organization_id = $1 AND id = $2";

/// Keeps a changed custom role. A taken name is [`name_is_taken`].
pub async fn update(conn: &mut Conn<'_>, role: &Role, custom: &Custom) -> Result<(), StoreError> {
    sql!(
        conn,
        execute,
        UPDATE,
        role.organization.uuid(),
        role.id.uuid(),
        role.name.as_str(),
        role.description.as_str(),
        permissions_text(role),
        to_millis(custom.updated_at),
        custom.version
    )
    .map(drop)
}

/// Whether an insert or update failed for a name that another role has.
pub fn name_is_taken(error: &StoreError) -> bool {
    error.is_taken("roles_organization_name", "roles.organization_id, roles.name")
        || error.is_taken("roles_project_name", "roles.project_id, roles.name")
}

const DELETE: &str = "DELETE FROM roles WHERE organization_id = $1 AND id = $2";

/// Deletes a custom role of that organization. Whoever holds it holds nothing
/// by it any more.
pub async fn delete(conn: &mut Conn<'_>, organization: OrganizationId, id: RoleId) -> Result<(), StoreError> {
    sql!(conn, execute, DELETE, organization.uuid(), id.uuid()).map(drop)
}

const FIND: &str = "SELECT id, organization_id, project_id, name, description, permissions, created_by, created_at,
    updated_at, version FROM roles WHERE organization_id = $1 AND id = $2";

/// A custom role of that organization, or of one of its projects.
pub async fn find(conn: &mut Conn<'_>, organization: OrganizationId, id: RoleId) -> Result<Option<Role>, StoreError> {
    sql!(conn, fetch_optional as Row, FIND, organization.uuid(), id.uuid())?.map(TryInto::try_into).transpose()
}

const AT: &str = "SELECT id, organization_id, project_id, name, description, permissions, created_by, created_at,
    updated_at, version FROM roles WHERE organization_id = $1 AND project_id IS NOT DISTINCT FROM $2 ORDER BY id";

/// The custom roles that belong to `scope`, oldest first.
pub async fn at(conn: &mut Conn<'_>, organization: OrganizationId, scope: Scope) -> Result<Vec<Role>, StoreError> {
    let project = scope.project().map(ProjectId::uuid);
    sql!(conn, fetch_all as Row, AT, organization.uuid(), project)?.into_iter().map(TryInto::try_into).collect()
}

const AMONG: &str = "SELECT id, organization_id, project_id, name, description, permissions, created_by, created_at,
    updated_at, version FROM roles WHERE organization_id = ";

/// Those of `ids` that are custom roles of that organization, oldest first.
pub async fn among(conn: &mut Conn<'_>, organization: OrganizationId, ids: &[RoleId]) -> Result<Vec<Role>, StoreError> {
    let rows = on!(conn, x => {
        let mut query = QueryBuilder::new(AMONG);
        query.push_bind(organization.uuid()).push(" AND ");
        one_of(&mut query, "id", ids.iter().map(|id| id.uuid()));
        query.push(" ORDER BY id");
        in_time(query.build_query_as::<Row>().fetch_all(x)).await
    })?;
    rows.into_iter().map(TryInto::try_into).collect()
}
