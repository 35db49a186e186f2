//! Model aliases of projects: create, edit, delete, look up, list.

mod create;
mod delete;
mod index;
mod list;
mod update;

use keyward_domain::{
    Invalid,
    actor::Actor,
    id::{ModelAliasId, ProjectId},
    model_alias::{AliasTarget, ModelAlias},
    project::Project,
};
use keyward_store::{Conn, StoreError, model_alias as store};

pub use create::{CreateModelAlias, create};
pub use delete::delete;
pub(crate) use index::{load, take_in_project};
pub use list::{ListModelAliases, find, list};
pub use update::{ModelAliasPatch, update};

use crate::{Error, Result};

/// Which alias: an id alone opens nothing in another project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelAliasPlace {
    /// The project.
    pub project: ProjectId,
    /// The alias.
    pub alias: ModelAliasId,
}

async fn find_project(conn: &mut Conn<'_>, actor: &Actor, id: ProjectId) -> Result<Project> {
    keyward_store::project::find(conn, actor.organization, id).await?.ok_or(Error::NotFound("project"))
}

async fn find_in(conn: &mut Conn<'_>, actor: &Actor, place: ModelAliasPlace) -> Result<(Project, ModelAlias)> {
    let project = find_project(conn, actor, place.project).await?;
    let found = store::find(conn, (actor.organization, project.id), place.alias).await?;
    Ok((project, found.ok_or(Error::NotFound("model alias"))?))
}

/// Refuses a credential that the project doesn't see. `before`: targets that
/// were there already, whose credential may be gone by now.
async fn check_credentials(
    conn: &mut Conn<'_>,
    project: &Project,
    targets: &[AliasTarget],
    before: &[AliasTarget],
) -> Result<()> {
    for (at, target) in targets.iter().enumerate() {
        let Some(id) = target.credential_id.filter(|_| !before.contains(target)) else { continue };
        if keyward_store::credential::find(conn, project.organization, Some(project.id), id).await?.is_none() {
            let message = format!("There is no credential {id} in this project, nor one that it inherits.");
            return Err(Invalid::new(format!("targets[{at}].credential_id"), message).into());
        }
    }
    Ok(())
}

fn name_taken(alias: &ModelAlias) -> impl Fn(StoreError) -> Error {
    move |error| {
        if !store::name_is_taken(&error) {
            return error.into();
        }
        let message =
            format!("This project has an alias {} already. Edit that one, or choose another name.", alias.name);
        Error::Conflict { code: "name_taken", param: Some("name"), message }
    }
}
