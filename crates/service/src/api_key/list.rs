//! Looking API keys up. What is in the usage journal is counted first, so that
//! whoever looks after a call sees it.

use keyward_domain::{
    actor::Actor,
    id::{ApiKeyId, ProjectId},
    page::{Listed, Page},
    permission::Permission,
    role::Scope,
};

use super::{ApiKeyDetails, ApiKeyFilter, ApiKeyPlace, KeySort, Owners, details, find_in, find_project};
use crate::{Keyward, Result, authorize::authorize};

/// Which keys, and which page of them.
#[derive(Debug, Clone)]
pub struct ListApiKeys {
    /// Whose.
    pub project: ProjectId,
    /// Which ones.
    pub filter: ApiKeyFilter,
    /// By what they are sorted.
    pub sort: KeySort,
    /// Which page.
    pub page: Page<ApiKeyId>,
}

/// One page of a project's keys.
pub async fn list(keyward: &Keyward, actor: &Actor, query: ListApiKeys) -> Result<Listed<ApiKeyDetails>> {
    authorize(actor, Permission::ApiKeysRead, Scope::Project(query.project))?;
    keyward.settle_for_reader().await;
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    let project = find_project(conn, actor, query.project).await?;
    let place = (actor.organization, project.id);
    let Listed { data, has_more } =
        keyward_store::api_key::list(conn, place, &query.filter, (query.sort, &query.page), keyward.now()).await??;
    let mut owners = Owners::default();
    let mut keys = Vec::with_capacity(data.len());
    for (key, usage) in data {
        keys.push(owners.details(keyward, conn, key, usage).await?);
    }
    Ok(Listed { data: keys, has_more })
}

/// One key of a project.
pub async fn find(keyward: &Keyward, actor: &Actor, place: ApiKeyPlace) -> Result<ApiKeyDetails> {
    authorize(actor, Permission::ApiKeysRead, Scope::Project(place.project))?;
    keyward.settle_for_reader().await;
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    let (_, key, usage) = find_in(conn, actor, place).await?;
    details(keyward, conn, key, usage).await
}
