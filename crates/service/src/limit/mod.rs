//! Limits of projects: create, edit, delete, look up, list. A key's own limits
//! are fields of the key.

mod away;
mod create;
mod delete;
mod index;
mod list;
mod shared;
mod update;

use keyward_domain::{
    actor::Actor,
    id::{LimitId, ProjectId},
    limit::ProjectLimit,
    project::Project,
};
use keyward_store::{Conn, StoreError, project_limit as store};

pub use create::{CreateLimit, create};
pub use delete::delete;
pub(crate) use index::{load, take_in_project};
pub use list::{ListLimits, find, list};
pub(crate) use shared::SharedLimits;
pub use update::{LimitPatch, update};

use crate::{Error, Result};

/// Which limit: an id alone opens nothing in another project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitPlace {
    /// The project.
    pub project: ProjectId,
    /// The limit.
    pub limit: LimitId,
}

async fn find_project(conn: &mut Conn<'_>, actor: &Actor, id: ProjectId) -> Result<Project> {
    keyward_store::project::find(conn, actor.organization, id).await?.ok_or(Error::NotFound("project"))
}

async fn find_in(conn: &mut Conn<'_>, actor: &Actor, place: LimitPlace) -> Result<(Project, ProjectLimit)> {
    let project = find_project(conn, actor, place.project).await?;
    let found = store::find(conn, (actor.organization, project.id), place.limit).await?;
    Ok((project, found.ok_or(Error::NotFound("limit"))?))
}

fn model_taken(limit: &ProjectLimit) -> impl Fn(StoreError) -> Error {
    move |error| {
        if !store::model_is_taken(&error) {
            return error.into();
        }
        let message = match &limit.model {
            Some(model) => format!("This project has a limit for the models {model} already. Edit that one."),
            None => "This project has a limit for all of its calls already. Edit that one.".to_owned(),
        };
        Error::Conflict { code: "limit_exists", param: Some("model"), message }
    }
}
