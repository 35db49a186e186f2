//! The numbers of a limit, of a key or of a project.

use keyward_domain::{
    Invalid,
    limit::{Limits, LimitsPatch, parse_limit},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::extract::present;

/// Numbers as they are sent, each 1 to 10^9. In an edit, what isn't named stays,
/// and a null takes a number away.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitsBody {
    /// Requests in a minute; null: no such limit.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<i64>)]
    pub requests_per_minute: Option<Option<i64>>,
    /// Tokens in a minute, read and written; null: no such limit.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<i64>)]
    pub tokens_per_minute: Option<Option<i64>>,
    /// Calls under way at one time; null: no such limit.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<i64>)]
    pub parallel_requests: Option<Option<i64>>,
    /// Whether calls beyond them are let through, and only told (shadow mode); false
    /// unless said otherwise.
    #[serde(default)]
    pub shadow: Option<bool>,
}

impl LimitsBody {
    /// Takes all numbers away.
    pub const NONE: Self = Self {
        requests_per_minute: Some(None),
        tokens_per_minute: Some(None),
        parallel_requests: Some(None),
        shadow: Some(false),
    };

    /// Reads all of them.
    pub fn read(&self) -> Result<LimitsPatch, Invalid> {
        let number = |param, field: Option<Option<i64>>| {
            field.map(|number| number.map(|number| parse_limit(param, number)).transpose()).transpose()
        };
        Ok(LimitsPatch {
            requests_per_minute: number("requests_per_minute", self.requests_per_minute)?,
            tokens_per_minute: number("tokens_per_minute", self.tokens_per_minute)?,
            parallel_requests: number("parallel_requests", self.parallel_requests)?,
            shadow: self.shadow,
        })
    }
}

/// Numbers as they are answered; null: no limit of that kind.
#[derive(Debug, Serialize, ToSchema)]
pub struct LimitsObject {
    /// Requests in a minute.
    pub requests_per_minute: Option<u64>,
    /// Tokens in a minute, read and written.
    pub tokens_per_minute: Option<u64>,
    /// Calls under way at one time.
    pub parallel_requests: Option<u64>,
    /// Whether calls beyond them are let through, and only told (shadow mode).
    pub shadow: bool,
}

impl From<Limits> for LimitsObject {
    fn from(limits: Limits) -> Self {
        let Limits { requests_per_minute, tokens_per_minute, parallel_requests, shadow } = limits;
        Self { requests_per_minute, tokens_per_minute, parallel_requests, shadow }
    }
}
