//! Lists of a project's API keys: filtered, in any column's order, by pages.

use keyward_domain::{
    Timestamp,
    api_key::{ApiKey, KeyStatus, KeyUsage},
    clock::to_millis,
    id::{ApiKeyId, OrganizationId, ProjectId, ServiceAccountId},
    page::{Listed, Page},
    secret::{KeyKind, redacted},
};

use super::{Row, find};
use crate::{
    Conn, CursorUnknown, StoreError,
    page::{Paged, paged, search_pattern},
};

macro_rules! listed {
    () => {
        select!(
            "k.organization_id = $3 AND k.project_id = $4
    AND ($5 IS NULL OR $5 = CASE WHEN k.revoked_at IS NOT NULL THEN 'revoked' WHEN k.disabled THEN 'disabled'
        WHEN k.expires_at <= $6 THEN 'expired' ELSE 'active' END)
    AND (lower(k.name) LIKE $7 ESCAPE '\\' OR lower(k.last_four) = $8 OR k.id = $9)
    AND ($10 IS NULL OR k.environment = $10)
    AND ($11 IS NULL OR u.last_used_at IS NULL OR u.last_used_at < $11)
    AND ($12 IS NULL OR k.service_account_id = $12)"
        )
    };
}

/// The rising and the falling text of a list of keys in the order of `$by`,
/// which is never NULL, and of the id where that is the same. Where no cursor is
/// given, the bound names no key.
macro_rules! sorted {
    ($by:literal) => {
        Paged { rising: sorted!($by, ">", "ASC"), falling: sorted!($by, "<", "DESC") }
    };
    ($by:literal, $sign:literal, $order:literal) => {
        concat!(
            listed!(),
            " AND (NOT EXISTS (SELECT 1 FROM api_keys c WHERE c.id = $1) OR (",
            $by,
            ", k.id) ",
            $sign,
            " (SELECT ",
            $by,
            ", k.id FROM api_keys k LEFT JOIN api_key_usage u ON u.api_key_id = k.id WHERE k.id = $1)) ORDER BY ",
            $by,
            " ",
            $order,
            ", k.id ",
            $order,
            " LIMIT $2"
        )
    };
}

const BY_CREATION: Paged = paged!(listed!(), "k.id");
const BY_NAME: Paged = sorted!("lower(k.name)");
const BY_STATUS: Paged = sorted!(
    "CASE WHEN k.revoked_at IS NOT NULL THEN 4 WHEN k.disabled THEN 2 WHEN k.expires_at <= $6 THEN 3 ELSE 1 END"
);
const BY_REQUESTS: Paged = sorted!("COALESCE(u.request_count, 0)");
const BY_LAST_USE: Paged = sorted!("COALESCE(u.last_used_at, 0)");
const BY_EXPIRY: Paged = sorted!("COALESCE(k.expires_at, 9223372036854775807)");

/// By what a list of keys is sorted; keys that are alike in it by their age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeySort {
    /// When they were made.
    #[default]
    Creation,
    /// Their name, in any case.
    Name,
    /// Their state: active, disabled, expired, revoked.
    Status,
    /// How many calls they made.
    Requests,
    /// When they were last used; never is longest ago.
    LastUse,
    /// When they expire; never is last.
    Expiry,
}

impl KeySort {
    const fn texts(self) -> &'static Paged {
        match self {
            Self::Creation => &BY_CREATION,
            Self::Name => &BY_NAME,
            Self::Status => &BY_STATUS,
            Self::Requests => &BY_REQUESTS,
            Self::LastUse => &BY_LAST_USE,
            Self::Expiry => &BY_EXPIRY,
        }
    }
}

/// Which keys a list shows. The default shows all but deleted ones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ApiKeyFilter {
    /// Only those in this state.
    pub status: Option<KeyStatus>,
    /// Part of the name, in any case; or a whole id, preview, or its last four
    /// characters.
    pub search: Option<String>,
    /// Only those with this label.
    pub environment: Option<String>,
    /// Only those that weren't used.
    pub unused: Option<Unused>,
    /// Only those of this service account.
    pub service_account: Option<ServiceAccountId>,
}

/// Since when a key wasn't used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unused {
    /// Never at all.
    Ever,
    /// Not at or after this moment; perhaps before.
    Since(Timestamp),
}

impl Unused {
    /// A moment that the last use must lie before.
    fn before(self) -> i64 {
        match self {
            Self::Ever => i64::MIN,
            Self::Since(moment) => to_millis(moment),
        }
    }
}

/// The last four characters that a search may mean: `sk-project-...wxyz` or
/// `wxyz`.
fn searched_preview(search: &str) -> String {
    let before = redacted(KeyKind::Project, "");
    search.strip_prefix(before.as_str()).unwrap_or(search).to_ascii_lowercase()
}

/// One page of a project's keys at `now`. `Err(CursorUnknown)` inside for a
/// cursor that isn't one of them.
pub async fn list(
    conn: &mut Conn<'_>,
    (organization, project): (OrganizationId, ProjectId),
    filter: &ApiKeyFilter,
    (sort, page): (KeySort, &Page<ApiKeyId>),
    now: Timestamp,
) -> Result<Result<Listed<(ApiKey, KeyUsage)>, CursorUnknown>, StoreError> {
    if let Some(cursor) = page.cursor
        && find(conn, organization, project, cursor.id()).await?.is_none()
    {
        return Ok(Err(CursorUnknown(cursor.param())));
    }
    let (text, travel) = sort.texts().travel(page, ApiKeyId::uuid);
    let search = filter.search.as_deref().map(str::trim);
    let rows = sql!(
        conn,
        fetch_all as Row,
        text,
        travel.bound,
        travel.limit,
        organization.uuid(),
        project.uuid(),
        filter.status.map(KeyStatus::as_str),
        to_millis(now),
        search_pattern(search),
        search.map(searched_preview),
        search.and_then(|text| text.parse::<ApiKeyId>().ok()).map(ApiKeyId::uuid),
        filter.environment.as_deref(),
        filter.unused.map(Unused::before),
        filter.service_account.map(ServiceAccountId::uuid)
    )?;
    let keys = rows.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
    Ok(Ok(travel.finish(keys)))
}
