//! Limits on their way into the key index.

use std::collections::HashMap;

use keyward_domain::{id::ProjectId, limit::ProjectLimit, project::Project};
use keyward_store::{Conn, project_limit as store};

use crate::{Keyward, Result};

/// Reads every limit of every project.
pub(crate) async fn load(keyward: &Keyward, conn: &mut Conn<'_>) -> Result<()> {
    let mut by_project: HashMap<ProjectId, Vec<ProjectLimit>> = HashMap::new();
    for limit in store::all(conn).await? {
        by_project.entry(limit.project).or_default().push(limit);
    }
    for (project, limits) in by_project {
        if let Some(limit) = limits.first() {
            keyward.index.put_limits(project, limit.organization, &limits);
        }
    }
    Ok(())
}

/// Reads a project's limits.
pub(crate) async fn take_in_project(keyward: &Keyward, conn: &mut Conn<'_>, project: &Project) -> Result<()> {
    let limits = store::of_project(conn, project.id).await?;
    keyward.index.put_limits(project.id, project.organization, &limits);
    Ok(())
}
