//! A limit as the specification has it.

use keyward_domain::limit::ProjectLimit;
use serde::Serialize;
use utoipa::ToSchema;

use crate::list::HasId;

/// A rate limit of a project for a model.
#[derive(Debug, Serialize, ToSchema)]
pub struct RateLimitObject {
    /// Always `project.rate_limit`.
    pub object: &'static str,
    /// Its id, the limit's.
    pub id: String,
    /// The model, or a glob such as `gpt-4o*`.
    pub model: String,
    /// Requests in a minute; null: any number.
    pub max_requests_per_1_minute: Option<u64>,
    /// Tokens in a minute; null: any number.
    pub max_tokens_per_1_minute: Option<u64>,
    /// Keyward's own: whether calls beyond it are let through, and only told (shadow
    /// mode).
    pub shadow: bool,
}

impl HasId for RateLimitObject {
    fn id(&self) -> &str {
        &self.id
    }
}

impl From<ProjectLimit> for RateLimitObject {
    fn from(limit: ProjectLimit) -> Self {
        Self {
            object: "project.rate_limit",
            id: limit.id.to_string(),
            model: limit.model.unwrap_or_default(),
            max_requests_per_1_minute: limit.limits.requests_per_minute,
            max_tokens_per_1_minute: limit.limits.tokens_per_minute,
            shadow: limit.limits.shadow,
        }
    }
}
