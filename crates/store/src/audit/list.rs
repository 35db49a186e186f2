//! Reading the audit log by whatever it is searched for.

use keyward_domain::{
    audit::{AuditEvent, CHAIN_START, ChainHash, Outcome},
    id::{AuditEventId, OrganizationId},
    page::{Cursor, Listed, Order, Page},
};
use sqlx::{Database, Encode, QueryBuilder, Type};
use uuid::Uuid;

use crate::{Conn, CursorUnknown, StoreError, page::one_of, patience::in_time};

/// An event as it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// What it says.
    pub event: AuditEvent,
    /// The text that says so, which the hash covers.
    pub text: String,
    /// Its link of the chain.
    pub hash: ChainHash,
    /// The link before, also where retention removed that event; `None` if it is
    /// missing.
    pub previous_hash: Option<ChainHash>,
}

/// Which events; what is `None` doesn't matter, an empty list matches nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// At this moment or later, in milliseconds since 1970.
    pub from: Option<i64>,
    /// Before this moment.
    pub until: Option<i64>,
    /// In one of these projects.
    pub projects: Option<Vec<Uuid>>,
    /// Of one of these types; `*` stands for anything.
    pub event_types: Option<Vec<String>>,
    /// By one of these keys or users.
    pub actors: Option<Vec<Uuid>>,
    /// By one of these addresses.
    pub actor_emails: Option<Vec<String>>,
    /// On one of these things.
    pub targets: Option<Vec<String>>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// From this client address.
    pub ip: Option<String>,
    /// In this request.
    pub request_id: Option<String>,
    /// Holding this text, in any case of ASCII letters.
    pub search: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    sequence: i64,
    event: String,
    hash: Vec<u8>,
    previous_hash: Option<Vec<u8>>,
}

impl TryFrom<Row> for AuditRecord {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let hash = |bytes: Vec<u8>| {
            ChainHash::try_from(bytes).map_err(|_| StoreError::unreadable("audit_events.hash", row.sequence))
        };
        let previous_hash = match row.previous_hash {
            None if row.sequence == 1 => Some(CHAIN_START),
            None => None,
            Some(bytes) => Some(hash(bytes)?),
        };
        let event = serde_json::from_str(&row.event)
            .map_err(|error| StoreError::unreadable("audit_events.event", (row.sequence, error)))?;
        Ok(Self { event, hash: hash(row.hash)?, previous_hash, text: row.event })
    }
}

const FIND_SEQUENCE: &str = "SELECT sequence FROM audit_events WHERE organization_id = $1 AND id = $2";

/// One page of an organization's events. `Err(CursorUnknown)` inside for a
/// cursor that isn't one of them.
pub async fn list(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    filter: &AuditFilter,
    page: &Page<AuditEventId>,
) -> Result<Result<Listed<AuditRecord>, CursorUnknown>, StoreError> {
    let at = match page.cursor {
        None => None,
        Some(cursor) => {
            match sql!(conn, fetch_optional as (i64,), FIND_SEQUENCE, organization.uuid(), cursor.id().uuid())? {
                None => return Ok(Err(CursorUnknown(cursor.param()))),
                Some((sequence,)) => Some(sequence),
            }
        }
    };
    let backwards = matches!(page.cursor, Some(Cursor::Before(_)));
    let rising = (page.order == Order::Asc) != backwards;
    let mut bounds = Bounds { above: i64::MIN, below: i64::MAX, rising, limit: i64::from(page.limit) + 1 };
    *(if rising { &mut bounds.above } else { &mut bounds.below }) =
        at.unwrap_or(if rising { i64::MIN } else { i64::MAX });
    let mut data = select(conn, organization, filter, bounds).await?;
    let has_more = data.len() > page.limit as usize;
    data.truncate(page.limit as usize);
    if backwards {
        data.reverse();
    }
    Ok(Ok(Listed { data, has_more }))
}

/// Up to `limit` events behind sequence number `after`, up to `last`, in the
/// order of the chain.
pub async fn stretch(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    filter: &AuditFilter,
    (after, last): (i64, i64),
    limit: i64,
) -> Result<Vec<AuditRecord>, StoreError> {
    let bounds = Bounds { above: after, below: last.saturating_add(1), rising: true, limit };
    select(conn, organization, filter, bounds).await
}

/// Sequence numbers between two others, from which end, and how many.
#[derive(Clone, Copy)]
struct Bounds {
    above: i64,
    below: i64,
    rising: bool,
    limit: i64,
}

const SELECT: &str = "SELECT e.sequence, e.event, e.hash, COALESCE(p.hash, a.hash) AS previous_hash FROM audit_events e
    LEFT JOIN audit_events p ON p.organization_id = e.organization_id AND p.sequence = e.sequence - 1
    LEFT JOIN audit_anchors a ON a.organization_id = e.organization_id AND a.sequence = e.sequence - 1
    WHERE e.organization_id = ";

async fn select(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    filter: &AuditFilter,
    bounds: Bounds,
) -> Result<Vec<AuditRecord>, StoreError> {
    let rows = on!(conn, x => {
        let mut query = QueryBuilder::new(SELECT);
        query.push_bind(organization.uuid());
        add_conditions(&mut query, filter, bounds);
        in_time(query.build_query_as::<Row>().fetch_all(x)).await
    })?;
    rows.into_iter().map(TryInto::try_into).collect()
}

fn add_conditions<DB>(query: &mut QueryBuilder<DB>, filter: &AuditFilter, bounds: Bounds)
where
    DB: Database,
    for<'t> i64: Encode<'t, DB> + Type<DB>,
    for<'t> Uuid: Encode<'t, DB> + Type<DB>,
    for<'t> String: Encode<'t, DB> + Type<DB>,
{
    query.push(" AND e.sequence > ").push_bind(bounds.above);
    query.push(" AND e.sequence < ").push_bind(bounds.below);
    if let Some(from) = filter.from {
        query.push(" AND e.at >= ").push_bind(from);
    }
    if let Some(until) = filter.until {
        query.push(" AND e.at < ").push_bind(until);
    }
    for (column, text) in [
        ("e.outcome", filter.outcome.map(|outcome| outcome.as_str().to_owned())),
        ("e.ip", filter.ip.clone()),
        ("e.request_id", filter.request_id.clone()),
    ] {
        if let Some(text) = text {
            query.push(" AND ").push(column).push(" = ").push_bind(text);
        }
    }
    if let Some(projects) = &filter.projects {
        query.push(" AND ");
        one_of(query, "e.project_id", projects.iter().copied());
    }
    if let Some(emails) = &filter.actor_emails {
        query.push(" AND ");
        one_of(query, "e.actor_email", emails.iter().cloned());
    }
    if let Some(actors) = &filter.actors {
        query.push(" AND (");
        one_of(query, "e.actor_id", actors.iter().copied());
        query.push(" OR ");
        one_of(query, "e.actor_user_id", actors.iter().copied());
        query.push(")");
    }
    if let Some(targets) = &filter.targets {
        query.push(" AND EXISTS (SELECT 1 FROM audit_targets t WHERE t.organization_id = e.organization_id AND t.sequence = e.sequence AND ");
        one_of(query, "t.target", targets.iter().cloned());
        query.push(")");
    }
    if let Some(types) = &filter.event_types {
        query.push(" AND (1 = 0");
        for name in types {
            query.push(" OR e.event_type LIKE ").push_bind(wildcard(name)).push(" ESCAPE '\\'");
        }
        query.push(")");
    }
    if let Some(search) = &filter.search {
        query.push(" AND lower(e.event) LIKE ").push_bind(containing(search)).push(" ESCAPE '\\'");
    }
    query.push(" ORDER BY e.sequence ").push(if bounds.rising { "ASC" } else { "DESC" });
    query.push(" LIMIT ").push_bind(bounds.limit);
}

/// The pattern of a name in which `*` stands for anything.
fn wildcard(name: &str) -> String {
    escaped(name).replace('*', "%")
}

/// The pattern of an event that holds `text`, as JSON spells it. Like `lower` in
/// both databases, it folds the case of ASCII letters only.
fn containing(text: &str) -> String {
    let spelled = serde_json::Value::from(text.trim()).to_string().to_ascii_lowercase();
    format!("%{}%", escaped(spelled.get(1..spelled.len() - 1).unwrap_or_default()))
}

fn escaped(text: &str) -> String {
    text.chars()
        .flat_map(|c| if matches!(c, '%' | '_' | '\\') { [Some('\\'), Some(c)] } else { [Some(c), None] })
        .flatten()
        .collect()
}
