//! Groups and who is in them. A user can be in a group for several reasons: by
//! somebody's decision, and by what an SSO provider says.

use keyward_domain::{
    Name,
    clock::{from_millis, to_millis},
    group::Group,
    id::{GroupId, OrganizationId, ProjectId, SsoProviderId, UserId},
    organization::User,
    page::{Listed, Page},
};
use uuid::Uuid;

use crate::{
    Conn, CursorUnknown, StoreError,
    organization::UserRow,
    page::{Paged, paged},
};

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    organization_id: Uuid,
    name: String,
    created_at: i64,
}

impl From<Row> for Group {
    fn from(row: Row) -> Self {
        Self {
            id: GroupId::from_uuid(row.id),
            organization: OrganizationId::from_uuid(row.organization_id),
            name: Name::from_stored(row.name),
            created_at: from_millis(row.created_at),
        }
    }
}

const INSERT: &str = "INSERT INTO groups (id, organization_id, name, created_at) VALUES ($1, $2, $3, $4)";

/// Keeps a new group. A taken name is [`name_is_taken`].
pub async fn insert(conn: &mut Conn<'_>, group: &Group) -> Result<(), StoreError> {
    let (organization, name) = (group.organization.uuid(), group.name.as_str());
    sql!(conn, execute, INSERT, group.id.uuid(), organization, name, to_millis(group.created_at)).map(drop)
}

const UPDATE: &str = "UPDATE groups SET name = $3 WHERE organization_id = $1 AND id = $2";

/// Keeps a changed group. A taken name is [`name_is_taken`].
pub async fn update(conn: &mut Conn<'_>, group: &Group) -> Result<(), StoreError> {
    sql!(conn, execute, UPDATE, group.organization.uuid(), group.id.uuid(), group.name.as_str()).map(drop)
}

/// Whether an insert or update failed for a name that another group has.
pub fn name_is_taken(error: &StoreError) -> bool {
    error.is_taken("groups_name", "groups.organization_id, groups.name")
}

const DELETE_MEMBERS: &str = "DELETE FROM group_members
    WHERE group_id = (SELECT id FROM groups WHERE organization_id = $1 AND id = $2)";
const DELETE: &str = "DELETE FROM groups WHERE organization_id = $1 AND id = $2";

/// Deletes a group of that organization and all that is known of who is in it.
pub async fn delete(conn: &mut Conn<'_>, organization: OrganizationId, id: GroupId) -> Result<(), StoreError> {
    sql!(conn, execute, DELETE_MEMBERS, organization.uuid(), id.uuid())?;
    sql!(conn, execute, DELETE, organization.uuid(), id.uuid()).map(drop)
}

const FIND: &str = "SELECT id, organization_id, name, created_at FROM groups WHERE organization_id = $1 AND id = $2";

/// A group of that organization.
pub async fn find(conn: &mut Conn<'_>, organization: OrganizationId, id: GroupId) -> Result<Option<Group>, StoreError> {
    Ok(sql!(conn, fetch_optional as Row, FIND, organization.uuid(), id.uuid())?.map(Into::into))
}

const LIST: Paged = paged!("SELECT id, organization_id, name, created_at FROM groups WHERE organization_id = $3", "id");

/// One page of an organization's groups. `Err(CursorUnknown)` inside for a
/// cursor that isn't one of them.
pub async fn list(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    page: &Page<GroupId>,
) -> Result<Result<Listed<Group>, CursorUnknown>, StoreError> {
    if let Some(cursor) = page.cursor
        && find(conn, organization, cursor.id()).await?.is_none()
    {
        return Ok(Err(CursorUnknown(cursor.param())));
    }
    let (text, travel) = LIST.travel(page, GroupId::uuid);
    let rows = sql!(conn, fetch_all as Row, text, travel.bound, travel.limit, organization.uuid())?;
    Ok(Ok(travel.finish(rows.into_iter().map(Into::into).collect())))
}

const ADD: &str = "INSERT INTO group_members (group_id, user_id, source, created_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT DO NOTHING";

/// Puts a user into a group, by somebody's decision (`source` `None`) or by a
/// provider's claims; answers whether they weren't in it for this reason.
pub async fn add_member(
    conn: &mut Conn<'_>,
    group: &Group,
    user: UserId,
    source: Option<SsoProviderId>,
    now: i64,
) -> Result<bool, StoreError> {
    let source = source.map_or(Uuid::nil(), SsoProviderId::uuid);
    Ok(sql!(conn, execute, ADD, group.id.uuid(), user.uuid(), source, now)? > 0)
}

const REMOVE: &str = "DELETE FROM group_members WHERE group_id = $1 AND user_id = $2 AND source = $3";

/// Takes a user out of a group, as far as this reason goes.
pub async fn remove_member(
    conn: &mut Conn<'_>,
    group: &Group,
    user: UserId,
    source: Option<SsoProviderId>,
) -> Result<(), StoreError> {
    let source = source.map_or(Uuid::nil(), SsoProviderId::uuid);
    sql!(conn, execute, REMOVE, group.id.uuid(), user.uuid(), source).map(drop)
}

const REMOVE_EVERYWHERE: &str = "DELETE FROM group_members
    WHERE user_id = $2 AND group_id IN (SELECT id FROM groups WHERE organization_id = $1)";

/// Takes a user out of every group of the organization.
pub async fn remove_from_all(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    user: UserId,
) -> Result<(), StoreError> {
    sql!(conn, execute, REMOVE_EVERYWHERE, organization.uuid(), user.uuid()).map(drop)
}

const REASONS: &str = "SELECT m.source FROM group_members m JOIN groups g ON g.id = m.group_id
    WHERE g.organization_id = $1 AND m.group_id = $2 AND m.user_id = $3 ORDER BY m.source";

/// For which reasons a user is in a group; none: they aren't.
pub async fn reasons(
    conn: &mut Conn<'_>,
    group: &Group,
    user: UserId,
) -> Result<Vec<Option<SsoProviderId>>, StoreError> {
    let place = (group.organization.uuid(), group.id.uuid());
    let rows = sql!(conn, fetch_all as (Uuid,), REASONS, place.0, place.1, user.uuid())?;
    Ok(rows.into_iter().map(|(source,)| (!source.is_nil()).then(|| SsoProviderId::from_uuid(source))).collect())
}

const MEMBERS: Paged = paged!(
    "SELECT u.id, u.email, u.name, u.created_at FROM users u WHERE u.id IN
        (SELECT m.user_id FROM group_members m JOIN groups g ON g.id = m.group_id
        WHERE g.organization_id = $3 AND m.group_id = $4)",
    "u.id"
);

/// One page of a group's members. `Err(CursorUnknown)` inside for a cursor
/// that isn't one of them.
pub async fn members(
    conn: &mut Conn<'_>,
    group: &Group,
    page: &Page<UserId>,
) -> Result<Result<Listed<User>, CursorUnknown>, StoreError> {
    if let Some(cursor) = page.cursor
        && reasons(conn, group, cursor.id()).await?.is_empty()
    {
        return Ok(Err(CursorUnknown(cursor.param())));
    }
    let (text, travel) = MEMBERS.travel(page, UserId::uuid);
    let place = (group.organization.uuid(), group.id.uuid());
    let rows = sql!(conn, fetch_all as UserRow, text, travel.bound, travel.limit, place.0, place.1)?;
    Ok(Ok(travel.finish(rows.into_iter().map(Into::into).collect())))
}

const ALL_MEMBERS: &str = "SELECT DISTINCT m.user_id FROM group_members m JOIN groups g ON g.id = m.group_id
    WHERE g.organization_id = $1 AND m.group_id = $2 ORDER BY m.user_id";

/// Everybody in a group.
pub async fn all_members(conn: &mut Conn<'_>, group: &Group) -> Result<Vec<UserId>, StoreError> {
    let place = (group.organization.uuid(), group.id.uuid());
    let rows = sql!(conn, fetch_all as (Uuid,), ALL_MEMBERS, place.0, place.1)?;
    Ok(rows.into_iter().map(|(user,)| UserId::from_uuid(user)).collect())
}

#[derive(sqlx::FromRow)]
struct InProjectRow {
    id: Uuid,
    organization_id: Uuid,
    name: String,
    created_at: i64,
    added_at: i64,
}

const IN_PROJECT: Paged = paged!(
    "SELECT g.id, g.organization_id, g.name, g.created_at,
        (SELECT MIN(a.created_at) FROM role_assignments a WHERE a.organization_id = $3 AND a.project_id = $4
            AND a.principal_kind = 'group' AND a.principal_id = g.id) AS added_at
    FROM groups g WHERE g.organization_id = $3 AND EXISTS
        (SELECT 1 FROM role_assignments a WHERE a.organization_id = $3 AND a.project_id = $4
            AND a.principal_kind = 'group' AND a.principal_id = g.id)",
    "g.id"
);

/// One page of the groups that hold a role in a project, and since when (in
/// milliseconds). `Err(CursorUnknown)` inside for a cursor that is no group.
pub async fn in_project(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    project: ProjectId,
    page: &Page<GroupId>,
) -> Result<Result<Listed<(Group, i64)>, CursorUnknown>, StoreError> {
    if let Some(cursor) = page.cursor
        && find(conn, organization, cursor.id()).await?.is_none()
    {
        return Ok(Err(CursorUnknown(cursor.param())));
    }
    let (text, travel) = IN_PROJECT.travel(page, GroupId::uuid);
    let rows =
        sql!(conn, fetch_all as InProjectRow, text, travel.bound, travel.limit, organization.uuid(), project.uuid())?;
    let groups = rows.into_iter().map(|row| {
        let InProjectRow { id, organization_id, name, created_at, added_at } = row;
        (Row { id, organization_id, name, created_at }.into(), added_at)
    });
    Ok(Ok(travel.finish(groups.collect())))
}
