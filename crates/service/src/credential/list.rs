//! Looking credentials up. Secrets stay where they are.

use keyward_domain::{
    actor::Actor,
    id::{CredentialId, ProjectId},
    page::{Listed, Page},
    permission::Permission,
};

use super::{CredentialDetails, find_project, scope};
use crate::{Error, Keyward, Result, authorize::authorize};

/// Which credentials, and which page of them.
#[derive(Debug, Clone)]
pub struct ListCredentials {
    /// The project whose own and inherited ones are listed; `None`: only the
    /// organization's own.
    pub project: Option<ProjectId>,
    /// Which page.
    pub page: Page<CredentialId>,
}

/// One page of credentials.
pub async fn list(keyward: &Keyward, actor: &Actor, query: ListCredentials) -> Result<Listed<CredentialDetails>> {
    authorize(actor, Permission::CredentialsRead, scope(query.project))?;
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    find_project(conn, actor, query.project).await?;
    let Listed { data, has_more } =
        keyward_store::credential::list(conn, actor.organization, query.project, &query.page).await??;
    let data = data.into_iter().map(|used| CredentialDetails::seen_from(query.project, used)).collect();
    Ok(Listed { data, has_more })
}

/// One credential, as it is seen from a project or among the organization's own.
pub async fn find(
    keyward: &Keyward,
    actor: &Actor,
    project: Option<ProjectId>,
    id: CredentialId,
) -> Result<CredentialDetails> {
    authorize(actor, Permission::CredentialsRead, scope(project))?;
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    find_project(conn, actor, project).await?;
    let found = keyward_store::credential::find(conn, actor.organization, project, id)
        .await?
        .ok_or(Error::NotFound("credential"))?;
    Ok(CredentialDetails::seen_from(project, found))
}
