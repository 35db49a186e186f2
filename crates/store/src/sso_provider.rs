//! Identity providers of organizations. Their sealed client secrets are read
//! by [`find_sealed_any`] alone.

use keyward_domain::{
    Name,
    clock::{from_millis, to_millis},
    id::{OrganizationId, SsoProviderId},
    page::{Listed, Page},
    sso::{ClientId, Issuer, MappingText, Scopes, SsoProvider, parse_mappings},
};
use uuid::Uuid;

use crate::{
    Conn, CursorUnknown, StoreError,
    page::{Paged, paged},
};

/// A provider with its secret, still sealed.
pub struct SealedProvider {
    /// The provider.
    pub provider: SsoProvider,
    /// Its secret as the vault sealed it; `None` when it has none.
    pub wrapped_secret: Option<Vec<u8>>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    organization_id: Uuid,
    name: String,
    issuer: String,
    client_id: String,
    redacted_value: Option<String>,
    scopes: String,
    mappings: String,
    creates_members: i64,
    enabled: i64,
    created_at: i64,
    updated_at: i64,
    version: i64,
}

#[derive(sqlx::FromRow)]
struct SealedRow {
    #[sqlx(flatten)]
    row: Row,
    wrapped_secret: Option<Vec<u8>>,
}

impl TryFrom<Row> for SsoProvider {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let unreadable = || StoreError::unreadable("sso_providers.mappings", row.id);
        let mappings: Vec<MappingText> = serde_json::from_str(&row.mappings).map_err(|_| unreadable())?;
        Ok(Self {
            id: SsoProviderId::from_uuid(row.id),
            organization: OrganizationId::from_uuid(row.organization_id),
            name: Name::from_stored(row.name),
            issuer: Issuer::from_stored(row.issuer),
            client_id: ClientId::from_stored(row.client_id),
            redacted_value: row.redacted_value,
            scopes: Scopes::from_stored(&row.scopes),
            mappings: parse_mappings("mappings", mappings).map_err(|_| unreadable())?,
            creates_members: row.creates_members != 0,
            enabled: row.enabled != 0,
            created_at: from_millis(row.created_at),
            updated_at: from_millis(row.updated_at),
            version: row.version,
        })
    }
}

fn mappings_text(provider: &SsoProvider) -> Result<String, StoreError> {
    serde_json::to_string(&provider.mappings).map_err(|_| StoreError::unreadable("sso_providers.mappings", provider.id))
}

macro_rules! columns {
    ($more:literal, $from:literal) => {
        concat!(
            "SELECT id, organization_id, name, issuer, client_id, redacted_value, scopes, mappings, creates_members,
            enabled, created_at, updated_at, version",
            $more,
            " FROM sso_providers WHERE ",
            $from
        )
    };
}

const INSERT: &str = "INSERT INTO sso_providers (id, organization_id, name, issuer, client_id, wrapped_secret,
    redacted_value, scopes, mappings, creates_members, enabled, created_at, updated_at, version)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";

/// Keeps a new provider. A taken name is [`name_is_taken`].
pub async fn insert(
    conn: &mut Conn<'_>,
    provider: &SsoProvider,
    wrapped_secret: Option<&[u8]>,
) -> Result<(), StoreError> {
    sql!(
        conn,
        execute,
        INSERT,
        provider.id.uuid(),
        provider.organization.uuid(),
        provider.name.as_str(),
        provider.issuer.as_str(),
        provider.client_id.as_str(),
        wrapped_secret,
        provider.redacted_value.as_deref(),
        provider.scopes.text(),
        mappings_text(provider)?,
        i64::from(provider.creates_members),
        i64::from(provider.enabled),
        to_millis(provider.created_at),
        to_millis(provider.updated_at),
        provider.version
    )
    .map(drop)
}

const UPDATE: &str = "UPDATE sso_providers SET name = $3, issuer = $4, client_id = $5, redacted_value = $6,
    scopes = $7, mappings = $8, creates_members = $9, enabled = $10, updated_at = $11, version = $12
    WHERE organization_id = $1 AND id = $2";

/// Keeps a changed provider; its secret stays. A taken name is
/// [`name_is_taken`].
pub async fn update(conn: &mut Conn<'_>, provider: &SsoProvider) -> Result<(), StoreError> {
    sql!(
        conn,
        execute,
        UPDATE,
        provider.organization.uuid(),
        provider.id.uuid(),
        provider.name.as_str(),
        provider.issuer.as_str(),
        provider.client_id.as_str(),
        provider.redacted_value.as_deref(),
        provider.scopes.text(),
        mappings_text(provider)?,
        i64::from(provider.creates_members),
        i64::from(provider.enabled),
        to_millis(provider.updated_at),
        provider.version
    )
    .map(drop)
}

const REPLACE_SECRET: &str = "UPDATE sso_providers SET wrapped_secret = $3 WHERE organization_id = $1 AND id = $2";

/// Replaces a provider's sealed secret, or takes it away.
pub async fn replace_secret(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    id: SsoProviderId,
    wrapped_secret: Option<&[u8]>,
) -> Result<(), StoreError> {
    sql!(conn, execute, REPLACE_SECRET, organization.uuid(), id.uuid(), wrapped_secret).map(drop)
}

const DELETE: &str = "DELETE FROM sso_providers WHERE organization_id = $1 AND id = $2";

/// Forgets a provider and its secret. Its identities must be gone.
pub async fn delete(conn: &mut Conn<'_>, organization: OrganizationId, id: SsoProviderId) -> Result<(), StoreError> {
    sql!(conn, execute, DELETE, organization.uuid(), id.uuid()).map(drop)
}

/// Whether an insert or update failed for a name that another provider of the
/// organization has.
pub fn name_is_taken(error: &StoreError) -> bool {
    error.is_taken("sso_providers_name", "sso_providers.name")
}

const FIND: &str = columns!("", "organization_id = $1 AND id = $2");

/// A provider of that organization.
pub async fn find(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    id: SsoProviderId,
) -> Result<Option<SsoProvider>, StoreError> {
    sql!(conn, fetch_optional as Row, FIND, organization.uuid(), id.uuid())?.map(TryInto::try_into).transpose()
}

const LIST: Paged = paged!(columns!("", "organization_id = $3"), "id");

/// One page of an organization's providers. `Err(CursorUnknown)` inside for a
/// cursor that isn't one of them.
pub async fn list(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    page: &Page<SsoProviderId>,
) -> Result<Result<Listed<SsoProvider>, CursorUnknown>, StoreError> {
    if let Some(cursor) = page.cursor
        && find(conn, organization, cursor.id()).await?.is_none()
    {
        return Ok(Err(CursorUnknown(cursor.param())));
    }
    let (text, travel) = LIST.travel(page, SsoProviderId::uuid);
    let rows = sql!(conn, fetch_all as Row, text, travel.bound, travel.limit, organization.uuid())?;
    let providers = rows.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
    Ok(Ok(travel.finish(providers)))
}

const OTHERS_ENABLED: &str =
    "SELECT COUNT(*) FROM sso_providers WHERE organization_id = $1 AND enabled = 1 AND id <> $2";

/// How many enabled providers an organization has besides `but`.
pub async fn count_enabled(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    but: Option<SsoProviderId>,
) -> Result<i64, StoreError> {
    let but = but.map_or(Uuid::nil(), SsoProviderId::uuid);
    Ok(sql!(conn, fetch_one as (i64,), OTHERS_ENABLED, organization.uuid(), but)?.0)
}

const FIND_SEALED_ANY: &str = columns!(", wrapped_secret", "id = $1");

/// The provider of whichever organization, with its sealed secret: for somebody
/// on the way in, who is nobody's yet.
pub async fn find_sealed_any(conn: &mut Conn<'_>, id: SsoProviderId) -> Result<Option<SealedProvider>, StoreError> {
    let found = sql!(conn, fetch_optional as SealedRow, FIND_SEALED_ANY, id.uuid())?;
    found
        .map(|found| Ok(SealedProvider { provider: found.row.try_into()?, wrapped_secret: found.wrapped_secret }))
        .transpose()
}

const ON_SIGN_IN_PAGE: &str = "SELECT id, name FROM sso_providers WHERE enabled = 1 AND (organization_id = $1
    OR ($2 AND (SELECT COUNT(*) FROM organizations) = 1)) ORDER BY name";

/// The enabled providers of an organization; of the only one that there is if
/// none is named. For the page on which everybody signs in.
pub async fn on_sign_in_page(
    conn: &mut Conn<'_>,
    organization: Option<OrganizationId>,
) -> Result<Vec<(SsoProviderId, Name)>, StoreError> {
    let wanted = organization.map_or(Uuid::nil(), OrganizationId::uuid);
    let rows = sql!(conn, fetch_all as (Uuid, String), ON_SIGN_IN_PAGE, wanted, organization.is_none())?;
    Ok(rows.into_iter().map(|(id, name)| (SsoProviderId::from_uuid(id), Name::from_stored(name))).collect())
}
