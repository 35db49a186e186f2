//! A project's limit as it is answered.

use keyward_domain::limit::ProjectLimit;
use serde::Serialize;
use utoipa::ToSchema;

use super::LimitsObject;
use crate::list::HasId;

/// A rate limit of a project.
#[derive(Debug, Serialize, ToSchema)]
pub struct LimitObject {
    /// Always `organization.project.limit`.
    pub object: &'static str,
    /// Its id.
    pub id: String,
    /// The models, a name or a glob such as `gpt-4o*`, whose calls it counts
    /// together; null: all calls of the project.
    pub model: Option<String>,
    /// The numbers.
    #[serde(flatten)]
    pub limits: LimitsObject,
    /// When it was made, in Unix seconds.
    pub created_at: i64,
    /// When it was last changed, in Unix seconds.
    pub updated_at: i64,
    /// Counts its changes; send it as `If-Match`.
    pub version: i64,
}

impl HasId for LimitObject {
    fn id(&self) -> &str {
        &self.id
    }
}

impl From<ProjectLimit> for LimitObject {
    fn from(limit: ProjectLimit) -> Self {
        Self {
            object: "organization.project.limit",
            id: limit.id.to_string(),
            model: limit.model,
            limits: limit.limits.into(),
            created_at: limit.created_at.as_second(),
            updated_at: limit.updated_at.as_second(),
            version: limit.version,
        }
    }
}
