//! Projects.

use std::collections::BTreeSet;

use keyward_domain::{
    Name,
    clock::{from_millis, to_millis},
    id::{OrganizationId, ProjectId},
    model::ModelPermissions,
    page::{Listed, Page},
    project::Project,
};
use sqlx::{Database, Encode, QueryBuilder, Type};
use uuid::Uuid;

use crate::{
    Conn, CursorUnknown, StoreError,
    page::{Travel, one_of, search_pattern},
    patience::in_time,
};

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    organization_id: Uuid,
    name: String,
    description: String,
    model_permissions: Option<String>,
    created_at: i64,
    updated_at: i64,
    deactivated_at: Option<i64>,
    version: i64,
}

impl TryFrom<Row> for Project {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let model_permissions =
            row.model_permissions.as_deref().map(serde_json::from_str::<ModelPermissions>).transpose();
        Ok(Self {
            id: ProjectId::from_uuid(row.id),
            organization: OrganizationId::from_uuid(row.organization_id),
            name: Name::from_stored(row.name),
            description: row.description,
            deactivated_at: row.deactivated_at.map(from_millis),
            model_permissions: model_permissions
                .map_err(|error| StoreError::unreadable("projects.model_permissions", error))?,
            created_at: from_millis(row.created_at),
            updated_at: from_millis(row.updated_at),
            version: row.version,
        })
    }
}

fn permissions_text(project: &Project) -> Option<String> {
    project.model_permissions.as_ref().and_then(|permissions| serde_json::to_string(permissions).ok())
}

const INSERT: &str = "INSERT INTO projects (id, organization_id, name, description, model_permissions, created_at, updated_at, deactivated_at, version)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

/// Keeps a new project. A taken name is [`name_is_taken`].
pub async fn insert(conn: &mut Conn<'_>, project: &Project) -> Result<(), StoreError> {
    sql!(
        conn,
        execute,
        INSERT,
        project.id.uuid(),
        project.organization.uuid(),
        project.name.as_str(),
        project.description.as_str(),
        permissions_text(project),
        to_millis(project.created_at),
        to_millis(project.updated_at),
        project.deactivated_at.map(to_millis),
        project.version
    )
    .map(drop)
}

const UPDATE: &str = "UPDATE projects SET name = $3, description = $4, model_permissions = $5, updated_at = $6, deactivated_at = $7, version = $8
    WHERE organization_id = $1 AND id = $2";

/// Keeps a changed project. A taken name is [`name_is_taken`].
pub async fn update(conn: &mut Conn<'_>, project: &Project) -> Result<(), StoreError> {
    sql!(
        conn,
        execute,
        UPDATE,
        project.organization.uuid(),
        project.id.uuid(),
        project.name.as_str(),
        project.description.as_str(),
        permissions_text(project),
        to_millis(project.updated_at),
        project.deactivated_at.map(to_millis),
        project.version
    )
    .map(drop)
}

/// Whether an insert or update failed for a name that another project has.
pub fn name_is_taken(error: &StoreError) -> bool {
    error.is_taken("projects_name", "projects.name")
}

const FIND: &str =
    "SELECT id, organization_id, name, description, model_permissions, created_at, updated_at, deactivated_at, version
    FROM projects WHERE organization_id = $1 AND id = $2";

/// A project of that organization.
pub async fn find(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    id: ProjectId,
) -> Result<Option<Project>, StoreError> {
    sql!(conn, fetch_optional as Row, FIND, organization.uuid(), id.uuid())?.map(TryInto::try_into).transpose()
}

const FIND_ANY: &str =
    "SELECT id, organization_id, name, description, model_permissions, created_at, updated_at, deactivated_at, version
    FROM projects WHERE id = $1";

/// A project of whatever organization: for the key index, never for a caller.
pub async fn find_any(conn: &mut Conn<'_>, id: ProjectId) -> Result<Option<Project>, StoreError> {
    sql!(conn, fetch_optional as Row, FIND_ANY, id.uuid())?.map(TryInto::try_into).transpose()
}

const ALL: &str =
    "SELECT id, organization_id, name, description, model_permissions, created_at, updated_at, deactivated_at, version
    FROM projects ORDER BY id";

/// All projects of all organizations: for the key index, never for a caller.
pub async fn all(conn: &mut Conn<'_>) -> Result<Vec<Project>, StoreError> {
    sql!(conn, fetch_all as Row, ALL)?.into_iter().map(TryInto::try_into).collect()
}

const IDS: &str = "SELECT id FROM projects WHERE organization_id = $1 ORDER BY id";

/// The ids of all projects of an organization, oldest first.
pub async fn ids(conn: &mut Conn<'_>, organization: OrganizationId) -> Result<Vec<ProjectId>, StoreError> {
    let rows = sql!(conn, fetch_all as (Uuid,), IDS, organization.uuid())?;
    Ok(rows.into_iter().map(|row| ProjectId::from_uuid(row.0)).collect())
}

const LIST: &str =
    "SELECT p.id, p.organization_id, p.name, p.description, p.model_permissions, p.created_at, p.updated_at,
        p.deactivated_at, p.version
    FROM projects p WHERE p.organization_id = ";

/// By what a list of projects is sorted; projects that are alike in it by their
/// age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProjectSort {
    /// When they were made.
    #[default]
    Creation,
    /// Their name, in any case.
    Name,
    /// Their status: active ones, then inactive ones.
    Status,
    /// How many API keys they have, deleted ones left out.
    Keys,
}

impl ProjectSort {
    /// What is compared, never NULL; the id alone for the creation.
    const fn by(self) -> Option<&'static str> {
        match self {
            Self::Creation => None,
            Self::Name => Some("lower(p.name)"),
            Self::Status => Some("CASE WHEN p.deactivated_at IS NULL THEN 0 ELSE 1 END"),
            Self::Keys => Some("(SELECT COUNT(*) FROM api_keys k WHERE k.project_id = p.id AND k.deleted_at IS NULL)"),
        }
    }
}

/// Which projects a list shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectFilter {
    /// Whether inactive ones are shown.
    pub inactive: bool,
    /// Whether active ones are shown.
    pub active: bool,
    /// Part of the name, in any case.
    pub search: Option<String>,
    /// Only these; `None`: all.
    pub among: Option<BTreeSet<ProjectId>>,
}

/// One page of an organization's projects. `Err(CursorUnknown)` inside for a
/// cursor that isn't one of them.
pub async fn list(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    filter: &ProjectFilter,
    (sort, page): (ProjectSort, &Page<ProjectId>),
) -> Result<Result<Listed<Project>, CursorUnknown>, StoreError> {
    if let Some(cursor) = page.cursor
        && find(conn, organization, cursor.id()).await?.is_none()
    {
        return Ok(Err(CursorUnknown(cursor.param())));
    }
    let travel = Travel::of(page, ProjectId::uuid);
    let rows = on!(conn, x => {
        let mut query = QueryBuilder::new(LIST);
        query.push_bind(organization.uuid());
        add_conditions(&mut query, filter);
        match sort.by() {
            None => travel.end(&mut query, "p.id"),
            Some(by) => travel.end_by(&mut query, by, "projects p", "p.id"),
        }
        in_time(query.build_query_as::<Row>().fetch_all(x)).await
    })?;
    let projects = rows.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
    Ok(Ok(travel.finish(projects)))
}

fn add_conditions<DB>(query: &mut QueryBuilder<DB>, filter: &ProjectFilter)
where
    DB: Database,
    for<'t> Uuid: Encode<'t, DB> + Type<DB>,
    for<'t> String: Encode<'t, DB> + Type<DB>,
{
    if !filter.inactive {
        query.push(" AND p.deactivated_at IS NULL");
    }
    if !filter.active {
        query.push(" AND p.deactivated_at IS NOT NULL");
    }
    let search = search_pattern(filter.search.as_deref());
    query.push(" AND lower(p.name) LIKE ").push_bind(search).push(" ESCAPE '\\'");
    if let Some(among) = &filter.among {
        query.push(" AND ");
        one_of(query, "p.id", among.iter().map(|id| id.uuid()));
    }
}

const KEY_COUNTS: &str = "SELECT COUNT(*), COALESCE(SUM(CASE WHEN revoked_at IS NULL AND NOT disabled
        AND (expires_at IS NULL OR expires_at > $2) THEN 1 ELSE 0 END), 0)
    FROM api_keys WHERE project_id = $1 AND deleted_at IS NULL";

/// How many keys a project has, and how many of them are active at `now`.
pub async fn key_counts(conn: &mut Conn<'_>, project: ProjectId, now: i64) -> Result<(i64, i64), StoreError> {
    sql!(conn, fetch_one as (i64, i64), KEY_COUNTS, project.uuid(), now)
}
