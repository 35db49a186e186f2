//! Looking service accounts up.

use keyward_domain::{
    actor::Actor,
    id::{ProjectId, ServiceAccountId},
    page::{Listed, Page},
    permission::Permission,
    role::Scope,
    service_account::ServiceAccount,
};
use keyward_store::service_account as store;

use super::{ServiceAccountPlace, find_in, find_project};
use crate::{Keyward, Result, authorize::authorize};

/// Whose service accounts, and which page of them.
#[derive(Debug, Clone)]
pub struct ListServiceAccounts {
    /// Whose.
    pub project: ProjectId,
    /// Which page.
    pub page: Page<ServiceAccountId>,
}

/// One page of a project's service accounts.
pub async fn list(keyward: &Keyward, actor: &Actor, query: ListServiceAccounts) -> Result<Listed<ServiceAccount>> {
    authorize(actor, Permission::ServiceAccountsRead, Scope::Project(query.project))?;
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    let project = find_project(conn, actor, query.project).await?;
    Ok(store::list(conn, (actor.organization, project.id), &query.page).await??)
}

/// One service account of a project.
pub async fn find(keyward: &Keyward, actor: &Actor, place: ServiceAccountPlace) -> Result<ServiceAccount> {
    authorize(actor, Permission::ServiceAccountsRead, Scope::Project(place.project))?;
    let mut connection = keyward.read().await?;
    Ok(find_in(&mut connection.conn(), actor, place).await?.1)
}
