//! Looking projects up.

use super::{ProjectDetails, ProjectFilter, ProjectSort, with_counts};
use crate::{Error, Keyward, Result, authorize::authorize};
use keyward_domain::{
    actor::Actor,
    id::ProjectId,
    page::{Listed, Page},
    permission::Permission,
    role::Scope,
};

/// Which projects, and which page of them.
#[derive(Debug, Clone)]
pub struct ListProjects {
    /// Which ones.
    pub filter: ProjectFilter,
    /// By what they are sorted.
    pub sort: ProjectSort,
    /// Which page.
    pub page: Page<ProjectId>,
}

/// One page of the organization's projects, as far as the actor may read them.
pub async fn list(keyward: &Keyward, actor: &Actor, mut query: ListProjects) -> Result<Listed<ProjectDetails>> {
    if !actor.access.holds(Permission::ProjectRead, Scope::Organization) {
        query.filter.among = Some(actor.access.projects_with(Permission::ProjectRead).collect());
    }
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    let Listed { data, has_more } =
        keyward_store::project::list(conn, actor.organization, &query.filter, (query.sort, &query.page)).await??;
    let mut projects = Vec::with_capacity(data.len());
    for project in data {
        projects.push(with_counts(keyward, conn, project).await?);
    }
    Ok(Listed { data: projects, has_more })
}

/// One project of the organization.
pub async fn find(keyward: &Keyward, actor: &Actor, id: ProjectId) -> Result<ProjectDetails> {
    authorize(actor, Permission::ProjectRead, Scope::Project(id))?;
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    let project =
        keyward_store::project::find(conn, actor.organization, id).await?.ok_or(Error::NotFound("project"))?;
    with_counts(keyward, conn, project).await
}
