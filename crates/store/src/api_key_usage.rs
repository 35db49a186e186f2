//! What keys were used for: counters that batches of the usage journal add to,
//! and the lifetime count of calls that several processes share.

use std::net::IpAddr;

use keyward_domain::{
    Timestamp,
    api_key::KeyUsage,
    clock::{from_millis, to_millis},
    id::ApiKeyId,
};

use crate::{Conn, StoreError};

/// The columns of a left join: a key that was never used has no row.
#[derive(sqlx::FromRow)]
pub(crate) struct UsageRow {
    request_count: Option<i64>,
    cached_count: Option<i64>,
    input_tokens: Option<i64>,
    output_tokens: Option<i64>,
    cost_nanos: Option<i64>,
    last_used_at: Option<i64>,
    last_used_ip: Option<String>,
    previous_last_used_at: Option<i64>,
}

impl From<UsageRow> for KeyUsage {
    fn from(row: UsageRow) -> Self {
        Self {
            request_count: row.request_count.map_or(0, i64::cast_unsigned),
            cached_count: row.cached_count.map_or(0, i64::cast_unsigned),
            input_tokens: row.input_tokens.map_or(0, i64::cast_unsigned),
            output_tokens: row.output_tokens.map_or(0, i64::cast_unsigned),
            cost_nanos: row.cost_nanos.unwrap_or(0),
            last_used_at: row.last_used_at.map(from_millis),
            last_used_ip: row.last_used_ip.and_then(|ip| ip.parse().ok()),
            previous_last_used_at: row.previous_last_used_at.map(from_millis),
        }
    }
}

/// What is added to a key's counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Used {
    /// Calls; negative if more were given back than made. The count stops at 0.
    pub requests: i64,
    /// Calls answered from the cache; not negative.
    pub cached: i64,
    /// Tokens read by models; not negative.
    pub input_tokens: i64,
    /// Tokens written by models; not negative.
    pub output_tokens: i64,
    /// What the calls cost, in nanodollars; not negative.
    pub cost_nanos: i64,
    /// The last call and where it came from. An earlier one than is known
    /// changes nothing.
    pub last: Option<(Timestamp, Option<IpAddr>)>,
    /// The last call with the previous secret.
    pub previous_last: Option<Timestamp>,
}

// A key that isn't there (the journal outlived a restored database) adds no
// row. Sums stop at the largest number there is.
const ADD: &str = "INSERT INTO api_key_usage
        (api_key_id, request_count, input_tokens, output_tokens, last_used_at, last_used_ip,
            previous_last_used_at, cost_nanos, cached_count)
    SELECT id, CASE WHEN $2 < 0 THEN 0 ELSE $2 END, $3, $4, $5, $6, $7, $9, $10 FROM api_keys WHERE id = $1
    ON CONFLICT (api_key_id) DO UPDATE SET
        request_count = CASE WHEN api_key_usage.request_count + $2 < 0 THEN 0
            ELSE api_key_usage.request_count + $2 END,
        input_tokens = CASE WHEN api_key_usage.input_tokens > $8 - $3 THEN $8
            ELSE api_key_usage.input_tokens + $3 END,
        output_tokens = CASE WHEN api_key_usage.output_tokens > $8 - $4 THEN $8
            ELSE api_key_usage.output_tokens + $4 END,
        cost_nanos = CASE WHEN api_key_usage.cost_nanos > $8 - $9 THEN $8 ELSE api_key_usage.cost_nanos + $9 END,
        cached_count = api_key_usage.cached_count + $10,
        last_used_ip = CASE WHEN $5 IS NULL OR api_key_usage.last_used_at > $5 THEN api_key_usage.last_used_ip
            ELSE $6 END,
        last_used_at = CASE WHEN $5 IS NULL OR api_key_usage.last_used_at > $5 THEN api_key_usage.last_used_at
            ELSE $5 END,
        previous_last_used_at = CASE WHEN $7 IS NULL OR api_key_usage.previous_last_used_at > $7
            THEN api_key_usage.previous_last_used_at ELSE $7 END";

/// Adds to a key's counters.
pub async fn add(conn: &mut Conn<'_>, key: ApiKeyId, used: &Used) -> Result<(), StoreError> {
    sql!(
        conn,
        execute,
        ADD,
        key.uuid(),
        used.requests,
        used.input_tokens,
        used.output_tokens,
        used.last.map(|(at, _)| to_millis(at)),
        used.last.and_then(|(_, ip)| ip).map(|ip| ip.to_string()),
        used.previous_last.map(to_millis),
        i64::MAX,
        used.cost_nanos,
        used.cached
    )
    .map(drop)
}

const FORGET_PREVIOUS: &str = "UPDATE api_key_usage SET previous_last_used_at = NULL WHERE api_key_id = $1";

/// Forgets the previous secret's last use: another secret is the previous one
/// from now on.
pub async fn forget_previous(conn: &mut Conn<'_>, key: ApiKeyId) -> Result<(), StoreError> {
    sql!(conn, execute, FORGET_PREVIOUS, key.uuid()).map(drop)
}

const RESERVE: &str = "INSERT INTO api_key_usage (api_key_id, request_count, input_tokens, output_tokens)
    VALUES ($1, 1, 0, 0)
    ON CONFLICT (api_key_id) DO UPDATE SET request_count = api_key_usage.request_count + 1
    WHERE api_key_usage.request_count < $2 RETURNING request_count";

/// Counts one call of a key unless `max` (at least 1) are counted already.
/// Answers whether it did.
pub async fn reserve(conn: &mut Conn<'_>, key: ApiKeyId, max: u64) -> Result<bool, StoreError> {
    let max = i64::try_from(max).unwrap_or(i64::MAX);
    Ok(sql!(conn, fetch_optional as (i64,), RESERVE, key.uuid(), max)?.is_some())
}

const GIVE_BACK: &str =
    "UPDATE api_key_usage SET request_count = request_count - 1 WHERE api_key_id = $1 AND request_count > 0";

/// Takes back one counted call.
pub async fn give_back(conn: &mut Conn<'_>, key: ApiKeyId) -> Result<(), StoreError> {
    sql!(conn, execute, GIVE_BACK, key.uuid()).map(drop)
}
