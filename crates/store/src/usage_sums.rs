//! Reports: what was used, summed up by time and by what is asked for.

use std::collections::BTreeSet;

use keyward_domain::{
    id::{ApiKeyId, OrganizationId, ProjectId, UserId},
    usage::{CallKind, ServiceTier},
};
use sqlx::{Database, Encode, QueryBuilder, Type};
use uuid::Uuid;

use crate::{
    Conn, StoreError,
    page::one_of,
    patience::in_time,
    usage_rollup::{Amounts, Width},
};

/// By what sums are told apart, beside their time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Grouping {
    /// By the project.
    pub project: bool,
    /// By the key.
    pub key: bool,
    /// By the user who made the key; keys of service accounts are nobody's.
    pub user: bool,
    /// By the provider and its model.
    pub model: bool,
    /// By whether it was part of a batch.
    pub batch: bool,
    /// By the service tier.
    pub tier: bool,
    /// By the kind of calls.
    pub kind: bool,
}

/// What is summed up. Each list: only these; `None`: all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SumQuery {
    /// From which rows.
    pub width: Width,
    /// From where on, in milliseconds since 1970.
    pub from: i64,
    /// Up to where, itself left out.
    pub until: i64,
    /// The length of one sum's time, in milliseconds, a multiple of the width.
    pub step: i64,
    /// By what sums are told apart.
    pub grouping: Grouping,
    /// Of one kind of calls; `None`: of all.
    pub kind: Option<CallKind>,
    /// In these projects.
    pub projects: Option<BTreeSet<ProjectId>>,
    /// With these keys.
    pub keys: Option<Vec<ApiKeyId>>,
    /// With keys that these users made.
    pub users: Option<Vec<UserId>>,
    /// Of these models, by the provider's name of them.
    pub models: Option<Vec<String>>,
    /// Only what was part of a batch (`true`) or wasn't (`false`).
    pub batch: Option<bool>,
    /// No more than so many sums.
    pub most: i64,
}

/// One sum; what it isn't told apart by is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    /// Where its time begins, in milliseconds since 1970.
    pub at: i64,
    /// The project.
    pub project: Option<ProjectId>,
    /// The key.
    pub key: Option<ApiKeyId>,
    /// The user who made the key.
    pub user: Option<UserId>,
    /// The provider and its model, empty texts where nobody knows.
    pub model: Option<(String, String)>,
    /// Whether it was part of a batch.
    pub batch: Option<bool>,
    /// The service tier.
    pub tier: Option<ServiceTier>,
    /// The kind of calls.
    pub kind: Option<CallKind>,
    /// What it comes to.
    pub amounts: Amounts,
}

#[derive(sqlx::FromRow)]
struct Row {
    bucket: i64,
    project_id: Option<Uuid>,
    api_key_id: Option<Uuid>,
    user_id: Option<Uuid>,
    provider: Option<String>,
    model: Option<String>,
    batch: Option<i64>,
    tier: Option<String>,
    kind: Option<String>,
    #[sqlx(flatten)]
    amounts: Amounts,
}

impl TryFrom<Row> for Sum {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let unknown = |column: &'static str| move |text: String| StoreError::unreadable(column, text);
        let tier = row.tier.map(|text| ServiceTier::parse(&text).ok_or(text)).transpose();
        let kind = row.kind.map(|text| CallKind::parse(&text).ok_or(text)).transpose();
        Ok(Self {
            at: row.bucket,
            project: row.project_id.map(ProjectId::from_uuid),
            key: row.api_key_id.map(ApiKeyId::from_uuid),
            user: row.user_id.map(UserId::from_uuid),
            model: row.provider.zip(row.model),
            batch: row.batch.map(|batch| batch == 1),
            tier: tier.map_err(unknown("usage_rollups.tier"))?,
            kind: kind.map_err(unknown("usage_rollups.kind"))?,
            amounts: row.amounts,
        })
    }
}

const USER: &str = "CASE WHEN k.service_account_id IS NULL THEN k.created_by END";

const BATCH: &str = "CAST(CASE WHEN r.tier = 'batch' THEN 1 ELSE 0 END AS BIGINT)";

/// Each dimension: whether it is asked for, its column and what stands for it otherwise.
const fn dimensions(grouping: Grouping) -> [(bool, &'static str, &'static str, &'static str); 8] {
    [
        (grouping.project, "project_id", "r.project_id", "UUID"),
        (grouping.key, "api_key_id", "r.api_key_id", "UUID"),
        (grouping.user, "user_id", USER, "UUID"),
        (grouping.model, "provider", "r.provider", "TEXT"),
        (grouping.model, "model", "r.model", "TEXT"),
        (grouping.batch, "batch", BATCH, "BIGINT"),
        (grouping.tier, "tier", "r.tier", "TEXT"),
        (grouping.kind, "kind", "r.kind", "TEXT"),
    ]
}

const COUNTS: [&str; 12] = [
    "requests",
    "unpriced_requests",
    "cached_requests",
    "estimated_requests",
    "input_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "input_audio_tokens",
    "output_tokens",
    "reasoning_tokens",
    "output_audio_tokens",
    "cost_nanos",
];

/// Sums up what an organization used, in the order of time; within a time the
/// dearest first.
pub async fn sums(conn: &mut Conn<'_>, organization: OrganizationId, query: &SumQuery) -> Result<Vec<Sum>, StoreError> {
    let rows = on!(conn, x => {
        let mut text = QueryBuilder::new("SELECT r.at / ");
        text.push(query.step).push(" * ").push(query.step).push(" AS bucket");
        let dimensions = dimensions(query.grouping);
        for (asked, name, column, kind) in dimensions {
            text.push(", ");
            if asked {
                text.push(column);
            } else {
                text.push("CAST(NULL AS ").push(kind).push(")");
            }
            text.push(" AS ").push(name);
        }
        for count in COUNTS {
            text.push(", CAST(SUM(r.").push(count).push(") AS BIGINT) AS ").push(count);
        }
        text.push(" FROM usage_rollups r");
        if query.grouping.user || query.users.is_some() {
            text.push(" JOIN api_keys k ON k.id = r.api_key_id");
        }
        text.push(" WHERE r.organization_id = ").push_bind(organization.uuid());
        add_conditions(&mut text, query);
        text.push(" GROUP BY 1");
        for (place, (asked, ..)) in dimensions.iter().enumerate() {
            if *asked {
                text.push(", ").push(place + 2);
            }
        }
        text.push(" ORDER BY 1");
        text.push(", ").push(dimensions.len() + 1 + COUNTS.len()).push(" DESC");
        for (place, (asked, ..)) in dimensions.iter().enumerate() {
            if *asked {
                text.push(", ").push(place + 2);
            }
        }
        text.push(" LIMIT ").push_bind(query.most);
        in_time(text.build_query_as::<Row>().fetch_all(x)).await
    })?;
    rows.into_iter().map(TryInto::try_into).collect()
}

fn add_conditions<DB>(text: &mut QueryBuilder<DB>, query: &SumQuery)
where
    DB: Database,
    for<'t> i64: Encode<'t, DB> + Type<DB>,
    for<'t> Uuid: Encode<'t, DB> + Type<DB>,
    for<'t> String: Encode<'t, DB> + Type<DB>,
{
    text.push(" AND r.width = ").push(query.width.seconds());
    text.push(" AND r.at >= ").push_bind(query.from).push(" AND r.at < ").push_bind(query.until);
    if let Some(kind) = query.kind {
        text.push(" AND r.kind = ").push_bind(kind.as_str().to_owned());
    }
    if let Some(projects) = &query.projects {
        text.push(" AND ");
        one_of(text, "r.project_id", projects.iter().map(|id| id.uuid()));
    }
    if let Some(keys) = &query.keys {
        text.push(" AND ");
        one_of(text, "r.api_key_id", keys.iter().map(|id| id.uuid()));
    }
    if let Some(users) = &query.users {
        text.push(" AND ");
        one_of(text, USER, users.iter().map(|id| id.uuid()));
    }
    if let Some(models) = &query.models {
        text.push(" AND ");
        one_of(text, "r.model", models.iter().cloned());
    }
    if let Some(batch) = query.batch {
        text.push(if batch { " AND r.tier = " } else { " AND r.tier <> " });
        text.push_bind(ServiceTier::Batch.as_str().to_owned());
    }
}
