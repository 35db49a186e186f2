//! Service accounts of a project: create, rename, delete, look up, list, and
//! making API keys that belong to them.

mod create;
mod delete;
mod list;
mod rename;

use keyward_domain::{
    actor::Actor,
    id::{ProjectId, ServiceAccountId},
    project::Project,
    service_account::ServiceAccount,
};
use keyward_store::Conn;

pub use create::{CreateServiceAccount, CreateServiceAccountKey, CreatedServiceAccount, create, create_key};
pub use delete::delete;
pub use list::{ListServiceAccounts, find, list};
pub use rename::rename;

use crate::{Error, Result};

/// Which service account: an id alone opens nothing in another project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceAccountPlace {
    /// The project.
    pub project: ProjectId,
    /// The service account.
    pub account: ServiceAccountId,
}

async fn find_project(conn: &mut Conn<'_>, actor: &Actor, id: ProjectId) -> Result<Project> {
    keyward_store::project::find(conn, actor.organization, id).await?.ok_or(Error::NotFound("project"))
}

async fn find_in(conn: &mut Conn<'_>, actor: &Actor, place: ServiceAccountPlace) -> Result<(Project, ServiceAccount)> {
    let project = find_project(conn, actor, place.project).await?;
    let found = keyward_store::service_account::find(conn, (actor.organization, project.id), place.account).await?;
    Ok((project, found.ok_or(Error::NotFound("service account"))?))
}
