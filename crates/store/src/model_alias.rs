//! Model aliases of projects. A name is a project's once.

use keyward_domain::{
    clock::{from_millis, to_millis},
    id::{ModelAliasId, OrganizationId, ProjectId},
    model_alias::ModelAlias,
    page::{Listed, Page},
};
use uuid::Uuid;

use crate::{
    Conn, CursorUnknown, StoreError,
    page::{Paged, paged},
};

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    organization_id: Uuid,
    project_id: Uuid,
    name: String,
    targets: String,
    created_at: i64,
    updated_at: i64,
    version: i64,
}

impl TryFrom<Row> for ModelAlias {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: ModelAliasId::from_uuid(row.id),
            organization: OrganizationId::from_uuid(row.organization_id),
            project: ProjectId::from_uuid(row.project_id),
            name: row.name,
            targets: serde_json::from_str(&row.targets)
                .map_err(|error| StoreError::unreadable("model_aliases.targets", error))?,
            created_at: from_millis(row.created_at),
            updated_at: from_millis(row.updated_at),
            version: row.version,
        })
    }
}

fn targets(alias: &ModelAlias) -> Result<String, StoreError> {
    serde_json::to_string(&alias.targets).map_err(|error| StoreError::unreadable("model_aliases.targets", error))
}

const INSERT: &str = "INSERT INTO model_aliases
    (id, organization_id, project_id, name, targets, created_at, updated_at, version)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

/// Keeps a new alias. A taken name is [`name_is_taken`].
pub async fn insert(conn: &mut Conn<'_>, alias: &ModelAlias) -> Result<(), StoreError> {
    sql!(
        conn,
        execute,
        INSERT,
        alias.id.uuid(),
        alias.organization.uuid(),
        alias.project.uuid(),
        alias.name.as_str(),
        targets(alias)?,
        to_millis(alias.created_at),
        to_millis(alias.updated_at),
        alias.version
    )
    .map(drop)
}

const UPDATE: &str = "UPDATE model_aliases SET name = $3, targets = $4, updated_at = $5, version = $6
    WHERE organization_id = $1 AND id = $2";

/// Keeps a changed alias. A taken name is [`name_is_taken`].
pub async fn update(conn: &mut Conn<'_>, alias: &ModelAlias) -> Result<(), StoreError> {
    sql!(
        conn,
        execute,
        UPDATE,
        alias.organization.uuid(),
        alias.id.uuid(),
        alias.name.as_str(),
        targets(alias)?,
        to_millis(alias.updated_at),
        alias.version
    )
    .map(drop)
}

/// Whether an insert or update failed for a name that the project has already.
pub fn name_is_taken(error: &StoreError) -> bool {
    error.is_taken("model_aliases_name", "model_aliases.name")
}

const DELETE: &str = "DELETE FROM model_aliases WHERE organization_id = $1 AND id = $2";

/// Forgets an alias.
pub async fn delete(conn: &mut Conn<'_>, organization: OrganizationId, id: ModelAliasId) -> Result<(), StoreError> {
    sql!(conn, execute, DELETE, organization.uuid(), id.uuid()).map(drop)
}

macro_rules! select {
    ($which:literal) => {
        concat!(
            "SELECT id, organization_id, project_id, name, targets, created_at, updated_at, version
            FROM model_aliases ",
            $which
        )
    };
}

const FIND: &str = select!("WHERE organization_id = $1 AND project_id = $2 AND id = $3");

/// An alias of that project.
pub async fn find(
    conn: &mut Conn<'_>,
    (organization, project): (OrganizationId, ProjectId),
    id: ModelAliasId,
) -> Result<Option<ModelAlias>, StoreError> {
    let (organization, project) = (organization.uuid(), project.uuid());
    sql!(conn, fetch_optional as Row, FIND, organization, project, id.uuid())?.map(TryInto::try_into).transpose()
}

const COUNT: &str = "SELECT COUNT(*) FROM model_aliases WHERE organization_id = $1 AND project_id = $2";

/// How many aliases a project has.
pub async fn count(
    conn: &mut Conn<'_>,
    (organization, project): (OrganizationId, ProjectId),
) -> Result<i64, StoreError> {
    Ok(sql!(conn, fetch_one as (i64,), COUNT, organization.uuid(), project.uuid())?.0)
}

const LIST: Paged = paged!(select!("WHERE organization_id = $3 AND project_id = $4"), "id");

/// One page of a project's aliases. `Err(CursorUnknown)` inside for a cursor
/// that isn't one of them.
pub async fn list(
    conn: &mut Conn<'_>,
    place: (OrganizationId, ProjectId),
    page: &Page<ModelAliasId>,
) -> Result<Result<Listed<ModelAlias>, CursorUnknown>, StoreError> {
    if let Some(cursor) = page.cursor
        && find(conn, place, cursor.id()).await?.is_none()
    {
        return Ok(Err(CursorUnknown(cursor.param())));
    }
    let (text, travel) = LIST.travel(page, ModelAliasId::uuid);
    let (organization, project) = (place.0.uuid(), place.1.uuid());
    let rows = sql!(conn, fetch_all as Row, text, travel.bound, travel.limit, organization, project)?;
    let aliases = rows.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
    Ok(Ok(travel.finish(aliases)))
}

const OF_PROJECT: &str = select!("WHERE project_id = $1 ORDER BY id");

/// All aliases of a project of whatever organization: for the key index, never
/// for a caller.
pub async fn of_project(conn: &mut Conn<'_>, project: ProjectId) -> Result<Vec<ModelAlias>, StoreError> {
    sql!(conn, fetch_all as Row, OF_PROJECT, project.uuid())?.into_iter().map(TryInto::try_into).collect()
}

const ALL: &str = select!("ORDER BY project_id, id");

/// All aliases of all projects: for the key index, never for a caller.
pub async fn all(conn: &mut Conn<'_>) -> Result<Vec<ModelAlias>, StoreError> {
    sql!(conn, fetch_all as Row, ALL)?.into_iter().map(TryInto::try_into).collect()
}
