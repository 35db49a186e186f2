//! Looking projects up.

use keyward_domain::{
    actor::Actor,
    id::ProjectId,
    page::{Listed, Page},
    permission::Permission,
};
use keyward_store::project::ProjectFilter;

use super::{ProjectDetails, with_counts};
use crate::{Error, Keyward, Result};

/// Which projects, and which page of them.
#[derive(Debug, Clone)]
pub struct ListProjects {
    /// Which ones.
    pub filter: ProjectFilter,
    /// Which page.
    pub page: Page<ProjectId>,
}

/// One page of the organization's projects.
pub async fn list(keyward: &Keyward, actor: &Actor, query: ListProjects) -> Result<Listed<ProjectDetails>> {
    actor.require(Permission::ProjectRead)?;
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    let Listed { data, has_more } =
        keyward_store::project::list(conn, actor.organization, &query.filter, &query.page).await??;
    let mut projects = Vec::with_capacity(data.len());
    for project in data {
        projects.push(with_counts(keyward, conn, project).await?);
    }
    Ok(Listed { data: projects, has_more })
}

/// One project of the organization.
pub async fn find(keyward: &Keyward, actor: &Actor, id: ProjectId) -> Result<ProjectDetails> {
    actor.require(Permission::ProjectRead)?;
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    let project =
        keyward_store::project::find(conn, actor.organization, id).await?.ok_or(Error::NotFound("project"))?;
    with_counts(keyward, conn, project).await
}
