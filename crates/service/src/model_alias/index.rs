//! Model aliases on their way into the key index.

use std::collections::HashMap;

use keyward_domain::{id::ProjectId, model_alias::ModelAlias, project::Project};
use keyward_store::{Conn, model_alias as store};

use crate::{Keyward, Result};

/// Reads every alias of every project.
pub(crate) async fn load(keyward: &Keyward, conn: &mut Conn<'_>) -> Result<()> {
    let mut by_project: HashMap<ProjectId, Vec<ModelAlias>> = HashMap::new();
    for alias in store::all(conn).await? {
        by_project.entry(alias.project).or_default().push(alias);
    }
    for (project, aliases) in by_project {
        if let Some(organization) = aliases.first().map(|alias| alias.organization) {
            keyward.index.put_model_aliases(project, organization, aliases);
        }
    }
    Ok(())
}

/// Reads a project's aliases.
pub(crate) async fn take_in_project(keyward: &Keyward, conn: &mut Conn<'_>, project: &Project) -> Result<()> {
    let aliases = store::of_project(conn, project.id).await?;
    keyward.index.put_model_aliases(project.id, project.organization, aliases);
    Ok(())
}
