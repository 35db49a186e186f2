//! Prices that organizations set for themselves.

use keyward_domain::{
    clock::{from_millis, to_millis},
    id::{OrganizationId, PriceId},
    page::{Listed, Page},
    price_override::{OwnPrices, PriceOverride},
    provider::Provider,
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
    provider: String,
    model: String,
    effective_from: i64,
    input: i64,
    output: i64,
    cache_read: Option<i64>,
    cache_write: Option<i64>,
    request: i64,
    created_at: i64,
    updated_at: i64,
    version: i64,
}

impl TryFrom<Row> for PriceOverride {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let provider = match row.provider.as_str() {
            "" => None,
            name => Some(Provider::parse(name).ok_or_else(|| StoreError::unreadable("prices.provider", name))?),
        };
        let prices = OwnPrices {
            input: row.input.cast_unsigned(),
            output: row.output.cast_unsigned(),
            cache_read: row.cache_read.map(i64::cast_unsigned),
            cache_write: row.cache_write.map(i64::cast_unsigned),
            request: row.request.cast_unsigned(),
        };
        Ok(Self {
            id: PriceId::from_uuid(row.id),
            organization: OrganizationId::from_uuid(row.organization_id),
            provider,
            model: row.model,
            effective_from: from_millis(row.effective_from),
            prices,
            created_at: from_millis(row.created_at),
            updated_at: from_millis(row.updated_at),
            version: row.version,
        })
    }
}

/// How a provider is stored: any is the empty text, so that it is one value
/// like the others.
fn provider_text(price: &PriceOverride) -> &'static str {
    price.provider.map_or("", Provider::as_str)
}

const INSERT: &str = "INSERT INTO prices (id, organization_id, provider, model, effective_from, input, output,
        cache_read, cache_write, request, created_at, updated_at, version)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";

/// Keeps a new price. Another of the same models from the same moment on is
/// [`is_taken`].
pub async fn insert(conn: &mut Conn<'_>, price: &PriceOverride) -> Result<(), StoreError> {
    let prices = &price.prices;
    sql!(
        conn,
        execute,
        INSERT,
        price.id.uuid(),
        price.organization.uuid(),
        provider_text(price),
        price.model.as_str(),
        to_millis(price.effective_from),
        prices.input.cast_signed(),
        prices.output.cast_signed(),
        prices.cache_read.map(u64::cast_signed),
        prices.cache_write.map(u64::cast_signed),
        prices.request.cast_signed(),
        to_millis(price.created_at),
        to_millis(price.updated_at),
        price.version
    )
    .map(drop)
}

const UPDATE: &str = "UPDATE prices SET provider = $3, model = $4, effective_from = $5, input = $6, output = $7,
        cache_read = $8, cache_write = $9, request = $10, updated_at = $11, version = $12
    WHERE organization_id = $1 AND id = $2";

/// Keeps a changed price. Another of the same models from the same moment on is
/// [`is_taken`].
pub async fn update(conn: &mut Conn<'_>, price: &PriceOverride) -> Result<(), StoreError> {
    let prices = &price.prices;
    sql!(
        conn,
        execute,
        UPDATE,
        price.organization.uuid(),
        price.id.uuid(),
        provider_text(price),
        price.model.as_str(),
        to_millis(price.effective_from),
        prices.input.cast_signed(),
        prices.output.cast_signed(),
        prices.cache_read.map(u64::cast_signed),
        prices.cache_write.map(u64::cast_signed),
        prices.request.cast_signed(),
        to_millis(price.updated_at),
        price.version
    )
    .map(drop)
}

/// Whether an insert or update failed because there is such a price already.
pub fn is_taken(error: &StoreError) -> bool {
    error.is_taken("prices_models", "prices.organization_id, prices.model")
}

const DELETE: &str = "DELETE FROM prices WHERE organization_id = $1 AND id = $2";

/// Forgets a price.
pub async fn delete(conn: &mut Conn<'_>, organization: OrganizationId, id: PriceId) -> Result<(), StoreError> {
    sql!(conn, execute, DELETE, organization.uuid(), id.uuid()).map(drop)
}

macro_rules! select {
    ($which:literal) => {
        concat!(
            "SELECT id, organization_id, provider, model, effective_from, input, output, cache_read, cache_write,
                request, created_at, updated_at, version
            FROM prices",
            $which
        )
    };
}

const FIND: &str = select!(" WHERE organization_id = $1 AND id = $2");

/// A price of that organization.
pub async fn find(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    id: PriceId,
) -> Result<Option<PriceOverride>, StoreError> {
    sql!(conn, fetch_optional as Row, FIND, organization.uuid(), id.uuid())?.map(TryInto::try_into).transpose()
}

const LIST: Paged = paged!(select!(" WHERE organization_id = $3"), "id");

/// One page of an organization's prices. `Err(CursorUnknown)` inside for a
/// cursor that isn't one of them.
pub async fn list(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    page: &Page<PriceId>,
) -> Result<Result<Listed<PriceOverride>, CursorUnknown>, StoreError> {
    if let Some(cursor) = page.cursor
        && find(conn, organization, cursor.id()).await?.is_none()
    {
        return Ok(Err(CursorUnknown(cursor.param())));
    }
    let (text, travel) = LIST.travel(page, PriceId::uuid);
    let rows = sql!(conn, fetch_all as Row, text, travel.bound, travel.limit, organization.uuid())?;
    let prices = rows.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
    Ok(Ok(travel.finish(prices)))
}

const OF_ORGANIZATION: &str = select!(" WHERE organization_id = $1 ORDER BY id");

/// All prices of an organization.
pub async fn of_organization(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
) -> Result<Vec<PriceOverride>, StoreError> {
    let rows = sql!(conn, fetch_all as Row, OF_ORGANIZATION, organization.uuid())?;
    rows.into_iter().map(TryInto::try_into).collect()
}

const ALL: &str = select!(" ORDER BY organization_id, id");

/// All prices of all organizations, one organization after the other: for the
/// key index, never for a caller.
pub async fn all(conn: &mut Conn<'_>) -> Result<Vec<PriceOverride>, StoreError> {
    sql!(conn, fetch_all as Row, ALL)?.into_iter().map(TryInto::try_into).collect()
}
