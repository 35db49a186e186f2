//! Members of an organization and of its projects, with what is known about
//! them there.

use keyward_domain::{
    Name, Timestamp,
    clock::from_millis,
    id::{ApiKeyId, OrganizationId, ProjectId, RoleId, UserId},
    member::Member,
    organization::{Email, User},
    page::{Listed, Page},
    role::Scope,
};
use sqlx::QueryBuilder;
use uuid::Uuid;

use crate::{
    Conn, CursorUnknown, StoreError,
    access::scope,
    page::{Paged, Travel, one_of, paged, search_pattern},
    patience::in_time,
};

/// A member and when an API key that they made was last used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRecord {
    /// Who.
    pub member: Member,
    /// The last use of any API key of this organization that they made, if that
    /// was asked for.
    pub api_key_last_used_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    email: String,
    name: String,
    created_at: i64,
    added_at: i64,
    disabled_at: Option<i64>,
    second_factors: i64,
    api_key_last_used_at: Option<i64>,
}

impl From<Row> for MemberRecord {
    fn from(row: Row) -> Self {
        let user = User {
            id: UserId::from_uuid(row.id),
            email: Email::from_stored(row.email),
            name: Name::from_stored(row.name),
            created_at: from_millis(row.created_at),
        };
        let member = Member {
            user,
            added_at: from_millis(row.added_at),
            disabled_at: row.disabled_at.map(from_millis),
            second_factor: row.second_factors > 0,
        };
        Self { member, api_key_last_used_at: row.api_key_last_used_at.map(from_millis) }
    }
}

macro_rules! select {
    ($condition:literal, with keys) => {
        select!(
            $condition,
            "(SELECT MAX(g.last_used_at) FROM api_keys k JOIN api_key_usage g ON g.api_key_id = k.id
                    WHERE k.created_by = u.id AND k.organization_id = m.organization_id)"
        )
    };
    ($condition:literal) => {
        select!($condition, "CAST(NULL AS BIGINT)")
    };
    ($condition:literal, $last_used:literal) => {
        concat!(
            "SELECT u.id, u.email, u.name, u.created_at, m.created_at AS added_at, m.disabled_at,
                (SELECT COUNT(*) FROM second_factors f WHERE f.user_id = u.id AND f.confirmed_at IS NOT NULL)
                    AS second_factors, ",
            $last_used,
            " AS api_key_last_used_at
            FROM users u JOIN organization_members m ON m.user_id = u.id WHERE m.organization_id = ",
            $condition
        )
    };
}

const FIND: &str = select!("$1 AND u.id = $2");

const FIND_WITH_KEYS: &str = select!("$1 AND u.id = $2", with keys);

/// A member of that organization, with the last use of the keys that they made.
pub async fn find_with_keys(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    user: UserId,
) -> Result<Option<MemberRecord>, StoreError> {
    Ok(sql!(conn, fetch_optional as Row, FIND_WITH_KEYS, organization.uuid(), user.uuid())?.map(Into::into))
}

/// A member of that organization.
pub async fn find(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    user: UserId,
) -> Result<Option<MemberRecord>, StoreError> {
    Ok(sql!(conn, fetch_optional as Row, FIND, organization.uuid(), user.uuid())?.map(Into::into))
}

const FIND_BY_EMAIL: &str = select!("$1 AND u.email = $2");

/// The member of that organization with that address.
pub async fn find_by_email(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    email: &Email,
) -> Result<Option<MemberRecord>, StoreError> {
    Ok(sql!(conn, fetch_optional as Row, FIND_BY_EMAIL, organization.uuid(), email.as_str())?.map(Into::into))
}

const LIST: &str = select!("");
const LIST_WITH_KEYS: &str = select!("", with keys);

/// Which members a list shows. The default shows all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MemberFilter {
    /// Only those with one of these addresses.
    pub emails: Option<Vec<Email>>,
    /// Part of the name or the address, in any case.
    pub search: Option<String>,
}

/// One page of an organization's members, `with_keys` with the last use of those
/// that they made, which takes long for somebody with a hundred thousand of them.
/// `Err(CursorUnknown)` inside for a cursor that is no member.
pub async fn list(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    filter: &MemberFilter,
    with_keys: bool,
    page: &Page<UserId>,
) -> Result<Result<Listed<MemberRecord>, CursorUnknown>, StoreError> {
    if let Some(unknown) = check_cursor(conn, organization, page).await? {
        return Ok(Err(unknown));
    }
    let travel = Travel::of(page, UserId::uuid);
    let rows = on!(conn, x => {
        let mut query = QueryBuilder::new(if with_keys { LIST_WITH_KEYS } else { LIST });
        query.push_bind(organization.uuid());
        if let Some(emails) = &filter.emails {
            query.push(" AND ");
            one_of(&mut query, "u.email", emails.iter().map(|email| email.as_str().to_owned()));
        }
        if let Some(search) = &filter.search {
            let pattern = search_pattern(Some(search));
            query.push(" AND (lower(u.name) LIKE ").push_bind(pattern.clone()).push(" ESCAPE '\\'");
            query.push(" OR lower(u.email) LIKE ").push_bind(pattern).push(" ESCAPE '\\')");
        }
        travel.end(&mut query, "u.id");
        in_time(query.build_query_as::<Row>().fetch_all(x)).await
    })?;
    Ok(Ok(travel.finish(rows.into_iter().map(Into::into).collect())))
}

async fn check_cursor(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    page: &Page<UserId>,
) -> Result<Option<CursorUnknown>, StoreError> {
    let Some(cursor) = page.cursor else { return Ok(None) };
    let is_known = find(conn, organization, cursor.id()).await?.is_some();
    Ok((!is_known).then_some(CursorUnknown(cursor.param())))
}

const SET_DISABLED: &str =
    "UPDATE organization_members SET disabled_at = $3 WHERE organization_id = $1 AND user_id = $2";

/// Keeps since when a member may do nothing; `None`: they may again.
pub async fn set_disabled(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    user: UserId,
    disabled_at: Option<i64>,
) -> Result<(), StoreError> {
    sql!(conn, execute, SET_DISABLED, organization.uuid(), user.uuid(), disabled_at).map(drop)
}

const DELETE: &str = "DELETE FROM organization_members WHERE organization_id = $1 AND user_id = $2";

/// Ends a membership. What the member held is deleted where it is kept.
pub async fn delete(conn: &mut Conn<'_>, organization: OrganizationId, user: UserId) -> Result<(), StoreError> {
    sql!(conn, execute, DELETE, organization.uuid(), user.uuid()).map(drop)
}

/// A role that a user holds directly, with the name of the project if it is
/// held at one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldDirectly {
    /// Who.
    pub user: UserId,
    /// Where.
    pub scope: Scope,
    /// The project's name.
    pub project_name: Option<Name>,
    /// Which role.
    pub role: RoleId,
}

#[derive(sqlx::FromRow)]
struct HeldRow {
    principal_id: Uuid,
    project_id: Uuid,
    project_name: Option<String>,
    role_id: Uuid,
}

const HELD: &str = "SELECT DISTINCT a.principal_id, a.project_id, p.name AS project_name, a.role_id
    FROM role_assignments a LEFT JOIN projects p ON p.id = a.project_id
    WHERE a.principal_kind = 'user' AND a.organization_id = ";

/// The roles that these users hold directly, everywhere in the organization.
pub async fn held_by(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    users: &[UserId],
) -> Result<Vec<HeldDirectly>, StoreError> {
    let rows = on!(conn, x => {
        let mut query = QueryBuilder::new(HELD);
        query.push_bind(organization.uuid()).push(" AND ");
        one_of(&mut query, "a.principal_id", users.iter().map(|user| user.uuid()));
        query.push(" ORDER BY a.principal_id, a.project_id, a.role_id");
        in_time(query.build_query_as::<HeldRow>().fetch_all(x)).await
    })?;
    let held = |row: HeldRow| HeldDirectly {
        user: UserId::from_uuid(row.principal_id),
        scope: scope(row.project_id),
        project_name: row.project_name.map(Name::from_stored),
        role: RoleId::from_uuid(row.role_id),
    };
    Ok(rows.into_iter().map(held).collect())
}

/// Somebody who holds a role in a project directly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectMember {
    /// Who.
    pub user: User,
    /// Since when.
    pub added_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct ProjectRow {
    id: Uuid,
    email: String,
    name: String,
    created_at: i64,
    added_at: i64,
}

impl From<ProjectRow> for ProjectMember {
    fn from(row: ProjectRow) -> Self {
        let user = User {
            id: UserId::from_uuid(row.id),
            email: Email::from_stored(row.email),
            name: Name::from_stored(row.name),
            created_at: from_millis(row.created_at),
        };
        Self { user, added_at: from_millis(row.added_at) }
    }
}

const IN_PROJECT: Paged = paged!(
    "SELECT u.id, u.email, u.name, u.created_at,
        (SELECT MIN(a.created_at) FROM role_assignments a WHERE a.organization_id = $3 AND a.project_id = $4
            AND a.principal_kind = 'user' AND a.principal_id = u.id) AS added_at
    FROM users u JOIN organization_members m ON m.user_id = u.id WHERE m.organization_id = $3 AND EXISTS
        (SELECT 1 FROM role_assignments a WHERE a.organization_id = $3 AND a.project_id = $4
            AND a.principal_kind = 'user' AND a.principal_id = u.id)",
    "u.id"
);

/// One page of a project's members: those who hold a role there directly.
/// `Err(CursorUnknown)` inside for a cursor that is no member of the
/// organization.
pub async fn in_project(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    project: ProjectId,
    page: &Page<UserId>,
) -> Result<Result<Listed<ProjectMember>, CursorUnknown>, StoreError> {
    if let Some(unknown) = check_cursor(conn, organization, page).await? {
        return Ok(Err(unknown));
    }
    let (text, travel) = IN_PROJECT.travel(page, UserId::uuid);
    let place = (organization.uuid(), project.uuid());
    let rows = sql!(conn, fetch_all as ProjectRow, text, travel.bound, travel.limit, place.0, place.1)?;
    Ok(Ok(travel.finish(rows.into_iter().map(Into::into).collect())))
}

/// An API key as far as it must be named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Its name.
    pub name: Name,
    /// Its project.
    pub project: ProjectId,
}

const MADE_KEYS: &str = "SELECT id, name, project_id FROM api_keys
    WHERE organization_id = $1 AND created_by = $2 AND deleted_at IS NULL AND revoked_at IS NULL
        AND (expires_at IS NULL OR expires_at > $3) ORDER BY id LIMIT $4";
const MADE_KEYS_COUNT: &str = "SELECT COUNT(*) FROM api_keys
    WHERE organization_id = $1 AND created_by = $2 AND deleted_at IS NULL AND revoked_at IS NULL
        AND (expires_at IS NULL OR expires_at > $3)";

/// The first `limit` API keys that a user made and that can still be used at
/// `now`, and how many there are.
pub async fn made_keys(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    user: UserId,
    now: i64,
    limit: i64,
) -> Result<(Vec<NamedApiKey>, i64), StoreError> {
    let rows = sql!(conn, fetch_all as (Uuid, String, Uuid), MADE_KEYS, organization.uuid(), user.uuid(), now, limit)?;
    let (count,) = sql!(conn, fetch_one as (i64,), MADE_KEYS_COUNT, organization.uuid(), user.uuid(), now)?;
    let named = |(id, name, project)| NamedApiKey {
        id: ApiKeyId::from_uuid(id),
        name: Name::from_stored(name),
        project: ProjectId::from_uuid(project),
    };
    Ok((rows.into_iter().map(named).collect(), count))
}
