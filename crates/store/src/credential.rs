//! Credentials. Their wrapped secrets are written here and read only for the
//! key index and a credential's test: no other statement names that column.
//!
//! A credential belongs to a project, or to the organization itself (`project`
//! is `None`), and is then visible in every project of it.

use std::collections::BTreeMap;

use keyward_domain::{
    Name, Timestamp,
    clock::{from_millis, to_millis},
    credential::{Aliases, BaseUrl, Credential},
    id::{CredentialId, OrganizationId, ProjectId},
    page::{Listed, Page},
    provider::Provider,
    weight::Weight,
};
use uuid::Uuid;

use crate::{
    Conn, CursorUnknown, StoreError,
    page::{Paged, paged},
};

/// A credential with when it was last used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedCredential {
    /// The credential.
    pub credential: Credential,
    /// When a call was last made with it.
    pub last_used_at: Option<Timestamp>,
}

/// A credential with its secret, still wrapped.
pub struct SealedCredential {
    /// The credential.
    pub credential: Credential,
    /// Its secret as the vault sealed it; `None` when it has none.
    pub wrapped_secret: Option<Vec<u8>>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    organization_id: Uuid,
    project_id: Option<Uuid>,
    provider: String,
    name: String,
    base_url: Option<String>,
    redacted_value: Option<String>,
    aliases: Option<String>,
    priority: i64,
    weight: i64,
    created_at: i64,
    updated_at: i64,
    version: i64,
}

impl TryFrom<Row> for Credential {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let aliases = row.aliases.as_deref().map(serde_json::from_str::<BTreeMap<String, String>>).transpose();
        Ok(Self {
            id: CredentialId::from_uuid(row.id),
            organization: OrganizationId::from_uuid(row.organization_id),
            project: row.project_id.map(ProjectId::from_uuid),
            provider: Provider::parse(&row.provider)
                .ok_or_else(|| StoreError::unreadable("credentials.provider", &row.provider))?,
            name: Name::from_stored(row.name),
            base_url: row.base_url.map(BaseUrl::from_stored),
            redacted_value: row.redacted_value,
            aliases: Aliases(
                aliases.map_err(|error| StoreError::unreadable("credentials.aliases", error))?.unwrap_or_default(),
            ),
            priority: i32::try_from(row.priority)
                .map_err(|_| StoreError::unreadable("credentials.priority", row.priority))?,
            weight: Weight::parse("weight", row.weight)
                .map_err(|_| StoreError::unreadable("credentials.weight", row.weight))?,
            created_at: from_millis(row.created_at),
            updated_at: from_millis(row.updated_at),
            version: row.version,
        })
    }
}

#[derive(sqlx::FromRow)]
struct UsedRow {
    #[sqlx(flatten)]
    row: Row,
    last_used_at: Option<i64>,
}

impl TryFrom<UsedRow> for UsedCredential {
    type Error = StoreError;

    fn try_from(row: UsedRow) -> Result<Self, StoreError> {
        Ok(Self { credential: row.row.try_into()?, last_used_at: row.last_used_at.map(from_millis) })
    }
}

#[derive(sqlx::FromRow)]
struct SealedRow {
    #[sqlx(flatten)]
    row: Row,
    wrapped_secret: Option<Vec<u8>>,
}

impl TryFrom<SealedRow> for SealedCredential {
    type Error = StoreError;

    fn try_from(row: SealedRow) -> Result<Self, StoreError> {
        Ok(Self { credential: row.row.try_into()?, wrapped_secret: row.wrapped_secret })
    }
}

/// Aliases as JSON; none are no text.
fn aliases_text(credential: &Credential) -> Option<String> {
    let Aliases(aliases) = &credential.aliases;
    if aliases.is_empty() { None } else { serde_json::to_string(aliases).ok() }
}

macro_rules! columns {
    ($more:literal, $from:literal) => {
        concat!(
            "SELECT id, organization_id, project_id, provider, name, base_url, redacted_value, aliases, priority,
            weight, created_at, updated_at, version, ",
            $more,
            " FROM credentials WHERE ",
            $from
        )
    };
}

const INSERT: &str = "INSERT INTO credentials
    (id, organization_id, project_id, provider, name, base_url, wrapped_secret, redacted_value, aliases, priority, weight, created_at, updated_at, version)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";

/// Keeps a new credential. A taken name is [`name_is_taken`].
pub async fn insert(
    conn: &mut Conn<'_>,
    credential: &Credential,
    wrapped_secret: Option<&[u8]>,
) -> Result<(), StoreError> {
    sql!(
        conn,
        execute,
        INSERT,
        credential.id.uuid(),
        credential.organization.uuid(),
        credential.project.map(ProjectId::uuid),
        credential.provider.as_str(),
        credential.name.as_str(),
        credential.base_url.as_ref().map(BaseUrl::as_str),
        wrapped_secret,
        credential.redacted_value.as_deref(),
        aliases_text(credential),
        i64::from(credential.priority),
        i64::from(credential.weight.get()),
        to_millis(credential.created_at),
        to_millis(credential.updated_at),
        credential.version
    )
    .map(drop)
}

const UPDATE: &str = "UPDATE credentials SET name = $3, base_url = $4, redacted_value = $5, aliases = $6, priority = $7, weight = $8, updated_at = $9, version = $10
    WHERE organization_id = $1 AND id = $2";

/// Keeps a changed credential; its secret stays. A taken name is
/// [`name_is_taken`].
pub async fn update(conn: &mut Conn<'_>, credential: &Credential) -> Result<(), StoreError> {
    sql!(
        conn,
        execute,
        UPDATE,
        credential.organization.uuid(),
        credential.id.uuid(),
        credential.name.as_str(),
        credential.base_url.as_ref().map(BaseUrl::as_str),
        credential.redacted_value.as_deref(),
        aliases_text(credential),
        i64::from(credential.priority),
        i64::from(credential.weight.get()),
        to_millis(credential.updated_at),
        credential.version
    )
    .map(drop)
}

const REPLACE_SECRET: &str = "UPDATE credentials SET wrapped_secret = $3 WHERE organization_id = $1 AND id = $2";

/// Replaces a credential's wrapped secret, or takes it away.
pub async fn replace_secret(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    id: CredentialId,
    wrapped_secret: Option<&[u8]>,
) -> Result<(), StoreError> {
    sql!(conn, execute, REPLACE_SECRET, organization.uuid(), id.uuid(), wrapped_secret).map(drop)
}

const DELETE: &str = "DELETE FROM credentials WHERE organization_id = $1 AND id = $2";

/// Forgets a credential and its secret.
pub async fn delete(conn: &mut Conn<'_>, organization: OrganizationId, id: CredentialId) -> Result<(), StoreError> {
    sql!(conn, execute, DELETE, organization.uuid(), id.uuid()).map(drop)
}

/// Whether an insert or update failed for a name that another credential of
/// the same project (or the organization's own) has.
pub fn name_is_taken(error: &StoreError) -> bool {
    ["credentials_project_name", "credentials_organization_name"]
        .iter()
        .any(|index| error.is_taken(index, "credentials.name"))
}

const NAMES: &str =
    "SELECT name FROM credentials WHERE organization_id = $1 AND project_id IS NOT DISTINCT FROM $2 ORDER BY name";

/// The names that are taken in a project, or among the organization's own.
pub async fn names(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    project: Option<ProjectId>,
) -> Result<Vec<String>, StoreError> {
    let rows = sql!(conn, fetch_all as (String,), NAMES, organization.uuid(), project.map(ProjectId::uuid))?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

// Without a project `$3` (or `$4`) is NULL, equals nothing, and only the
// organization's own credentials are left.
const FIND: &str =
    columns!("last_used_at", "organization_id = $1 AND id = $2 AND (project_id = $3 OR project_id IS NULL)");

/// A credential that is visible in a project: its own or an inherited one.
/// Without a project: one of the organization's own.
pub async fn find(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    project: Option<ProjectId>,
    id: CredentialId,
) -> Result<Option<UsedCredential>, StoreError> {
    let project = project.map(ProjectId::uuid);
    sql!(conn, fetch_optional as UsedRow, FIND, organization.uuid(), id.uuid(), project)?
        .map(TryInto::try_into)
        .transpose()
}

const LIST: Paged =
    paged!(columns!("last_used_at", "organization_id = $3 AND (project_id = $4 OR project_id IS NULL)"), "id");

/// One page of the credentials that are visible in a project, or of the
/// organization's own. `Err(CursorUnknown)` inside for a cursor that isn't one
/// of them.
pub async fn list(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    project: Option<ProjectId>,
    page: &Page<CredentialId>,
) -> Result<Result<Listed<UsedCredential>, CursorUnknown>, StoreError> {
    if let Some(cursor) = page.cursor
        && find(conn, organization, project, cursor.id()).await?.is_none()
    {
        return Ok(Err(CursorUnknown(cursor.param())));
    }
    let (text, travel) = LIST.travel(page, CredentialId::uuid);
    let project = project.map(ProjectId::uuid);
    let rows = sql!(conn, fetch_all as UsedRow, text, travel.bound, travel.limit, organization.uuid(), project)?;
    let credentials = rows.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
    Ok(Ok(travel.finish(credentials)))
}

const FIND_SEALED: &str =
    columns!("wrapped_secret", "organization_id = $1 AND id = $2 AND (project_id = $3 OR project_id IS NULL)");

/// A credential that [`find`] finds, with its wrapped secret.
pub async fn find_sealed(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    project: Option<ProjectId>,
    id: CredentialId,
) -> Result<Option<SealedCredential>, StoreError> {
    let project = project.map(ProjectId::uuid);
    sql!(conn, fetch_optional as SealedRow, FIND_SEALED, organization.uuid(), id.uuid(), project)?
        .map(TryInto::try_into)
        .transpose()
}

const ALL_SEALED: &str = columns!("wrapped_secret", "1 = 1 ORDER BY priority, project_id IS NULL, id");

/// All credentials of all organizations in the order to be asked (by priority,
/// a project's own first, older first): for the key index, never for a caller.
pub async fn all_sealed(conn: &mut Conn<'_>) -> Result<Vec<SealedCredential>, StoreError> {
    sql!(conn, fetch_all as SealedRow, ALL_SEALED)?.into_iter().map(TryInto::try_into).collect()
}

const SEALED_OF_ORGANIZATION: &str =
    columns!("wrapped_secret", "organization_id = $1 ORDER BY priority, project_id IS NULL, id");

/// All credentials of an organization and its projects, in the order to be
/// asked: for the key index.
pub async fn sealed_of_organization(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
) -> Result<Vec<SealedCredential>, StoreError> {
    sql!(conn, fetch_all as SealedRow, SEALED_OF_ORGANIZATION, organization.uuid())?
        .into_iter()
        .map(TryInto::try_into)
        .collect()
}

const SEALED_IN_PROJECT: &str = columns!(
    "wrapped_secret",
    "organization_id = $1 AND (project_id = $2 OR project_id IS NULL) ORDER BY priority, project_id IS NULL, id"
);

/// A project's own and inherited credentials, in the order to be asked: for
/// the key index.
pub async fn sealed_in_project(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    project: ProjectId,
) -> Result<Vec<SealedCredential>, StoreError> {
    sql!(conn, fetch_all as SealedRow, SEALED_IN_PROJECT, organization.uuid(), project.uuid())?
        .into_iter()
        .map(TryInto::try_into)
        .collect()
}

const TOUCH: &str =
    "UPDATE credentials SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)";

/// Notes that a call was made with a credential at `at` (milliseconds since
/// 1970). Never goes back; a deleted credential is passed over.
pub async fn touch(conn: &mut Conn<'_>, id: CredentialId, at: i64) -> Result<(), StoreError> {
    sql!(conn, execute, TOUCH, id.uuid(), at).map(drop)
}
