//! What is decided about a project's cache.

use keyward_domain::{
    actor::Actor,
    cache::ProjectCache,
    id::{OrganizationId, ProjectId},
    permission::Permission,
    project::Project,
    role::Scope,
};
use keyward_store::{Conn, project, project_cache as store};

use crate::{Error, Keyward, Result, authorize::authorize};

/// What is decided about the cache of a project.
pub async fn find(keyward: &Keyward, actor: &Actor, project: ProjectId) -> Result<ProjectCache> {
    authorize(actor, Permission::ProjectRead, Scope::Project(project))?;
    let mut connection = keyward.read().await?;
    Ok(find_in(&mut connection.conn(), actor.organization, project).await?.1)
}

pub(super) async fn find_in(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    id: ProjectId,
) -> Result<(Project, ProjectCache)> {
    let project = project::find(conn, organization, id).await?.ok_or(Error::NotFound("project"))?;
    let cache = store::find(conn, (organization, id)).await?;
    Ok((project, cache))
}
