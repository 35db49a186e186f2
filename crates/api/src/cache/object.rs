//! What is decided about a project's cache, as it is answered.

use keyward_domain::cache::ProjectCache;
use serde::Serialize;
use utoipa::ToSchema;

/// A project's response cache.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProjectCacheObject {
    /// Always `organization.project.cache`.
    pub object: &'static str,
    /// Whether answers are kept and given again.
    pub enabled: bool,
    /// For how many seconds.
    pub ttl_seconds: u32,
    /// Counts its changes; send it as `If-Match`.
    pub version: i64,
}

impl From<ProjectCache> for ProjectCacheObject {
    fn from(cache: ProjectCache) -> Self {
        let ProjectCache { enabled, ttl_seconds, version, .. } = cache;
        Self { object: "organization.project.cache", enabled, ttl_seconds, version }
    }
}
