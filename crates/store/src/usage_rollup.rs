//! What was used when: one row for each minute, and once more for each hour, of
//! a key, a model, a kind of call and a service tier. Batches of the usage
//! journal add to them; reports sum them up (`usage_sums`).

use keyward_domain::{
    id::ApiKeyId,
    usage::{CallKind, ServiceTier},
};

use crate::{Conn, StoreError};

/// The length of a row's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Width {
    /// A minute.
    Minute,
    /// An hour.
    Hour,
}

impl Width {
    /// In seconds, as it is stored.
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::Hour => 3600,
        }
    }

    /// Where the minute or hour of a moment begins, in milliseconds since 1970.
    pub const fn begin(self, at_ms: i64) -> i64 {
        at_ms - at_ms.rem_euclid(self.seconds() * 1000)
    }
}

/// Which row.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rollup {
    /// The key that calls were made with.
    pub key: ApiKeyId,
    /// The length of its time.
    pub width: Width,
    /// Where that begins, in milliseconds since 1970.
    pub at: i64,
    /// The provider's name; empty where it isn't known.
    pub provider: String,
    /// The provider's name of the model; empty where it isn't known.
    pub model: String,
    /// What kind of calls.
    pub kind: CallKind,
    /// In which service tier.
    pub tier: ServiceTier,
}

/// What is added to a row, or summed up from rows. Not negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, sqlx::FromRow)]
pub struct Amounts {
    /// Calls.
    pub requests: i64,
    /// Of the calls, those whose cost nobody knows.
    pub unpriced_requests: i64,
    /// Calls that Keyward's cache answered; they aren't among the others.
    pub cached_requests: i64,
    /// Of the calls, those whose tokens Keyward counted: the provider didn't say.
    pub estimated_requests: i64,
    /// Tokens read by models.
    pub input_tokens: i64,
    /// Of those, read from a provider's cache.
    pub cached_input_tokens: i64,
    /// Of those, written to a provider's cache.
    pub cache_write_tokens: i64,
    /// Of those, audio.
    pub input_audio_tokens: i64,
    /// Tokens written by models.
    pub output_tokens: i64,
    /// Of those, reasoning.
    pub reasoning_tokens: i64,
    /// Of those, audio.
    pub output_audio_tokens: i64,
    /// Cost in nanodollars.
    pub cost_nanos: i64,
}

impl Amounts {
    /// Adds another's.
    pub fn add(&mut self, other: &Self) {
        for (sum, more) in [
            (&mut self.requests, other.requests),
            (&mut self.unpriced_requests, other.unpriced_requests),
            (&mut self.cached_requests, other.cached_requests),
            (&mut self.estimated_requests, other.estimated_requests),
            (&mut self.input_tokens, other.input_tokens),
            (&mut self.cached_input_tokens, other.cached_input_tokens),
            (&mut self.cache_write_tokens, other.cache_write_tokens),
            (&mut self.input_audio_tokens, other.input_audio_tokens),
            (&mut self.output_tokens, other.output_tokens),
            (&mut self.reasoning_tokens, other.reasoning_tokens),
            (&mut self.output_audio_tokens, other.output_audio_tokens),
            (&mut self.cost_nanos, other.cost_nanos),
        ] {
            *sum = sum.saturating_add(more);
        }
    }
}

// A key that isn't there (the journal outlived a restored database) adds no row.
const ADD: &str = "INSERT INTO usage_rollups (organization_id, width, at, project_id, api_key_id, provider, model,
        kind, tier, requests, unpriced_requests, input_tokens, cached_input_tokens, cache_write_tokens,
        input_audio_tokens, output_tokens, reasoning_tokens, output_audio_tokens, cost_nanos, cached_requests,
        estimated_requests)
    SELECT organization_id, $2, $3, project_id, id, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
        $19
    FROM api_keys WHERE id = $1
    ON CONFLICT (organization_id, width, at, project_id, api_key_id, provider, model, kind, tier) DO UPDATE SET
        requests = usage_rollups.requests + excluded.requests,
        unpriced_requests = usage_rollups.unpriced_requests + excluded.unpriced_requests,
        input_tokens = usage_rollups.input_tokens + excluded.input_tokens,
        cached_input_tokens = usage_rollups.cached_input_tokens + excluded.cached_input_tokens,
        cache_write_tokens = usage_rollups.cache_write_tokens + excluded.cache_write_tokens,
        input_audio_tokens = usage_rollups.input_audio_tokens + excluded.input_audio_tokens,
        output_tokens = usage_rollups.output_tokens + excluded.output_tokens,
        reasoning_tokens = usage_rollups.reasoning_tokens + excluded.reasoning_tokens,
        output_audio_tokens = usage_rollups.output_audio_tokens + excluded.output_audio_tokens,
        cost_nanos = usage_rollups.cost_nanos + excluded.cost_nanos,
        cached_requests = usage_rollups.cached_requests + excluded.cached_requests,
        estimated_requests = usage_rollups.estimated_requests + excluded.estimated_requests";

/// Adds to a row.
pub async fn add(conn: &mut Conn<'_>, row: &Rollup, amounts: &Amounts) -> Result<(), StoreError> {
    sql!(
        conn,
        execute,
        ADD,
        row.key.uuid(),
        row.width.seconds(),
        row.at,
        row.provider.as_str(),
        row.model.as_str(),
        row.kind.as_str(),
        row.tier.as_str(),
        amounts.requests,
        amounts.unpriced_requests,
        amounts.input_tokens,
        amounts.cached_input_tokens,
        amounts.cache_write_tokens,
        amounts.input_audio_tokens,
        amounts.output_tokens,
        amounts.reasoning_tokens,
        amounts.output_audio_tokens,
        amounts.cost_nanos,
        amounts.cached_requests,
        amounts.estimated_requests
    )
    .map(drop)
}

const OLDEST: &str = "SELECT MIN(at) FROM usage_rollups WHERE width = $1";
const FORGET: &str = "DELETE FROM usage_rollups WHERE width = $1 AND at < $2";

/// Forgets minutes before `horizon` (milliseconds since 1970), an hour of them at
/// most, so that nobody waits long. Answers whether there may be more. Hours
/// have all of it once more.
pub async fn forget_minutes(conn: &mut Conn<'_>, horizon: i64) -> Result<bool, StoreError> {
    let width = Width::Minute.seconds();
    let (oldest,) = sql!(conn, fetch_one as (Option<i64>,), OLDEST, width)?;
    let Some(oldest) = oldest.filter(|oldest| *oldest < horizon) else { return Ok(false) };
    let until = oldest.saturating_add(Width::Hour.seconds() * 1000).min(horizon);
    sql!(conn, execute, FORGET, width, until)?;
    Ok(until < horizon)
}
