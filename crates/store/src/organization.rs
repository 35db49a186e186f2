//! Organizations, users and membership.

use keyward_domain::{
    Name,
    clock::{from_millis, to_millis},
    id::{OrganizationId, UserId},
    organization::{Email, Organization, User},
    role::BuiltIn,
};
use uuid::Uuid;

use crate::{Conn, StoreError};

#[derive(sqlx::FromRow)]
struct OrganizationRow {
    id: Uuid,
    name: String,
    created_at: i64,
}

impl From<OrganizationRow> for Organization {
    fn from(row: OrganizationRow) -> Self {
        Self {
            id: OrganizationId::from_uuid(row.id),
            name: Name::from_stored(row.name),
            created_at: from_millis(row.created_at),
        }
    }
}

const INSERT: &str = "INSERT INTO organizations (id, name, created_at) VALUES ($1, $2, $3)";

/// Keeps a new organization. A taken name is [`name_is_taken`].
pub async fn insert(conn: &mut Conn<'_>, organization: &Organization) -> Result<(), StoreError> {
    sql!(conn, execute, INSERT, organization.id.uuid(), organization.name.as_str(), to_millis(organization.created_at))
        .map(drop)
}

/// Whether an insert failed for a name that another organization has.
pub fn name_is_taken(error: &StoreError) -> bool {
    error.is_taken("organizations_name", "organizations.name")
}

const FIND_BY_NAME: &str = "SELECT id, name, created_at FROM organizations WHERE name = $1";

/// The organization of that name.
pub async fn find_by_name(conn: &mut Conn<'_>, name: &str) -> Result<Option<Organization>, StoreError> {
    Ok(sql!(conn, fetch_optional as OrganizationRow, FIND_BY_NAME, name)?.map(Into::into))
}

const ALL: &str = "SELECT id, name, created_at FROM organizations ORDER BY id";

/// All organizations, oldest first: for what runs over the whole installation.
pub async fn all(conn: &mut Conn<'_>) -> Result<Vec<Organization>, StoreError> {
    Ok(sql!(conn, fetch_all as OrganizationRow, ALL)?.into_iter().map(Into::into).collect())
}

const ANY: &str = "SELECT id FROM organizations LIMIT 1";

/// Whether there is an organization at all.
pub async fn is_any(conn: &mut Conn<'_>) -> Result<bool, StoreError> {
    Ok(sql!(conn, fetch_optional as (Uuid,), ANY)?.is_some())
}

#[derive(sqlx::FromRow)]
pub(crate) struct UserRow {
    id: Uuid,
    email: String,
    name: String,
    created_at: i64,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self {
            id: UserId::from_uuid(row.id),
            email: Email::from_stored(row.email),
            name: Name::from_stored(row.name),
            created_at: from_millis(row.created_at),
        }
    }
}

const INSERT_USER: &str = "INSERT INTO users (id, email, name, created_at) VALUES ($1, $2, $3, $4)";

/// Keeps a new user.
pub async fn insert_user(conn: &mut Conn<'_>, user: &User) -> Result<(), StoreError> {
    let (email, name) = (user.email.as_str(), user.name.as_str());
    sql!(conn, execute, INSERT_USER, user.id.uuid(), email, name, to_millis(user.created_at)).map(drop)
}

const FIND_USER_BY_EMAIL: &str = "SELECT id, email, name, created_at FROM users WHERE email = $1";

/// The user with that address, member of anything or not.
pub async fn find_user_by_email(conn: &mut Conn<'_>, email: &Email) -> Result<Option<User>, StoreError> {
    Ok(sql!(conn, fetch_optional as UserRow, FIND_USER_BY_EMAIL, email.as_str())?.map(Into::into))
}

const FIND_USER: &str = "SELECT id, email, name, created_at FROM users WHERE id = $1";

/// The user with that id, member or not: for naming who made something.
pub async fn find_user(conn: &mut Conn<'_>, id: UserId) -> Result<Option<User>, StoreError> {
    Ok(sql!(conn, fetch_optional as UserRow, FIND_USER, id.uuid())?.map(Into::into))
}

const RENAME_USER: &str = "UPDATE users SET name = $2 WHERE id = $1";

/// Calls a user otherwise, everywhere.
pub async fn rename_user(conn: &mut Conn<'_>, id: UserId, name: &Name) -> Result<(), StoreError> {
    sql!(conn, execute, RENAME_USER, id.uuid(), name.as_str()).map(drop)
}

const FIRST_OWNER: &str = "SELECT u.id, u.email, u.name, u.created_at FROM users u
    JOIN role_assignments a ON a.principal_id = u.id
    WHERE a.organization_id = $1 AND a.principal_kind = 'user' AND a.role_id = $2 ORDER BY u.id LIMIT 1";

/// The organization's first owner: who stands for it where a person must.
pub async fn first_owner(conn: &mut Conn<'_>, organization: OrganizationId) -> Result<Option<User>, StoreError> {
    Ok(sql!(conn, fetch_optional as UserRow, FIRST_OWNER, organization.uuid(), BuiltIn::OrganizationOwner.id().uuid())?
        .map(Into::into))
}

const USERS_OF: &str = "SELECT u.id, u.email, u.name, u.created_at FROM users u
    JOIN organization_members m ON m.user_id = u.id WHERE m.organization_id = $1 ORDER BY u.id";

/// The members of an organization, oldest first.
pub async fn members(conn: &mut Conn<'_>, organization: OrganizationId) -> Result<Vec<User>, StoreError> {
    Ok(sql!(conn, fetch_all as UserRow, USERS_OF, organization.uuid())?.into_iter().map(Into::into).collect())
}

const FIND_MEMBER: &str = "SELECT u.id, u.email, u.name, u.created_at FROM users u
    JOIN organization_members m ON m.user_id = u.id WHERE m.organization_id = $1 AND u.id = $2";

/// A member of that organization.
pub async fn find_member(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    user: UserId,
) -> Result<Option<User>, StoreError> {
    Ok(sql!(conn, fetch_optional as UserRow, FIND_MEMBER, organization.uuid(), user.uuid())?.map(Into::into))
}

const INSERT_MEMBER: &str =
    "INSERT INTO organization_members (organization_id, user_id, created_at) VALUES ($1, $2, $3)";

/// Makes a user a member, without any role yet.
pub async fn insert_member(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    user: UserId,
    now: i64,
) -> Result<(), StoreError> {
    sql!(conn, execute, INSERT_MEMBER, organization.uuid(), user.uuid(), now).map(drop)
}
