//! Projects: create, edit, deactivate and activate, look up, list.

mod create;
mod list;
mod status;
mod update;

use keyward_domain::{Name, clock::to_millis, project::Project};
use keyward_store::{Conn, StoreError};

pub use create::{CreateProject, create};
pub use keyward_store::project::{ProjectFilter, ProjectSort};
pub use list::{ListProjects, find, list};
pub use status::{activate, deactivate};
pub use update::{UpdateProject, update};

use crate::{Error, Keyward, Result};

/// A project with what is counted about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectDetails {
    /// The project.
    pub project: Project,
    /// Its API keys, deleted ones left out.
    pub keys_total: i64,
    /// Those that are active.
    pub keys_active: i64,
}

async fn with_counts(keyward: &Keyward, conn: &mut Conn<'_>, project: Project) -> Result<ProjectDetails> {
    let (keys_total, keys_active) =
        keyward_store::project::key_counts(conn, project.id, to_millis(keyward.now())).await?;
    Ok(ProjectDetails { project, keys_total, keys_active })
}

fn name_taken(name: &Name) -> impl Fn(StoreError) -> Error {
    move |error| {
        if keyward_store::project::name_is_taken(&error) { Error::name_taken("a project", name) } else { error.into() }
    }
}
