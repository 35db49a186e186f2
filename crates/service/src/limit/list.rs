//! Looking limits up.

use keyward_domain::{
    actor::Actor,
    id::{LimitId, ProjectId},
    limit::ProjectLimit,
    page::{Listed, Page},
    permission::Permission,
    role::Scope,
};
use keyward_store::project_limit as store;

use super::{LimitPlace, find_in, find_project};
use crate::{Keyward, Result, authorize::authorize};

/// Whose limits, and which page of them.
#[derive(Debug, Clone)]
pub struct ListLimits {
    /// Whose.
    pub project: ProjectId,
    /// Only those that are for some models.
    pub of_models: bool,
    /// Which page.
    pub page: Page<LimitId>,
}

/// One page of a project's limits.
pub async fn list(keyward: &Keyward, actor: &Actor, query: ListLimits) -> Result<Listed<ProjectLimit>> {
    authorize(actor, Permission::LimitsRead, Scope::Project(query.project))?;
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    let project = find_project(conn, actor, query.project).await?;
    Ok(store::list(conn, (actor.organization, project.id), query.of_models, &query.page).await??)
}

/// One limit of a project.
pub async fn find(keyward: &Keyward, actor: &Actor, place: LimitPlace) -> Result<ProjectLimit> {
    authorize(actor, Permission::LimitsRead, Scope::Project(place.project))?;
    let mut connection = keyward.read().await?;
    Ok(find_in(&mut connection.conn(), actor, place).await?.1)
}
