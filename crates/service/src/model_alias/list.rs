//! Looking model aliases up.

use keyward_domain::{
    actor::Actor,
    id::{ModelAliasId, ProjectId},
    model_alias::ModelAlias,
    page::{Listed, Page},
    permission::Permission,
    role::Scope,
};
use keyward_store::model_alias as store;

use super::{ModelAliasPlace, find_in, find_project};
use crate::{Keyward, Result, authorize::authorize};

/// Whose aliases, and which page of them.
#[derive(Debug, Clone)]
pub struct ListModelAliases {
    /// Whose.
    pub project: ProjectId,
    /// Which page.
    pub page: Page<ModelAliasId>,
}

/// One page of a project's model aliases.
pub async fn list(keyward: &Keyward, actor: &Actor, query: ListModelAliases) -> Result<Listed<ModelAlias>> {
    authorize(actor, Permission::CredentialsRead, Scope::Project(query.project))?;
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    let project = find_project(conn, actor, query.project).await?;
    Ok(store::list(conn, (actor.organization, project.id), &query.page).await??)
}

/// One model alias of a project.
pub async fn find(keyward: &Keyward, actor: &Actor, place: ModelAliasPlace) -> Result<ModelAlias> {
    authorize(actor, Permission::CredentialsRead, Scope::Project(place.project))?;
    let mut connection = keyward.read().await?;
    Ok(find_in(&mut connection.conn(), actor, place).await?.1)
}
