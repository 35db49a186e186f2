//! Decisions about caches on their way into the key index.

use keyward_domain::project::Project;
use keyward_store::{Conn, project_cache as store};

use crate::{Keyward, Result};

/// Reads what is decided about all projects.
pub(crate) async fn load(keyward: &Keyward, conn: &mut Conn<'_>) -> Result<()> {
    for (organization, project, cache) in store::all(conn).await? {
        keyward.index.put_cache(project, organization, cache);
    }
    Ok(())
}

/// Reads what is decided about one project.
pub(crate) async fn take_in_project(keyward: &Keyward, conn: &mut Conn<'_>, project: &Project) -> Result<()> {
    let cache = store::find(conn, (project.organization, project.id)).await?;
    keyward.index.put_cache(project.id, project.organization, cache);
    Ok(())
}
