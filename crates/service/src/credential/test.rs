//! Testing a credential: the provider is asked for its models, as it is for
//! `/v1/models`. The call itself is made by whoever fills [`ModelLister`].

use std::{future::Future, pin::Pin};

use keyward_access::CredentialEntry;
use keyward_domain::{
    actor::Actor,
    id::{CredentialId, ProjectId},
    permission::Permission,
};

use super::{find_project, index, scope};
use crate::{Error, Keyward, Result, authorize::authorize};

/// The answer of a [`ModelLister`]: the provider's own ids, or why there are none.
pub type ModelNames<'a> = Pin<Box<dyn Future<Output = std::result::Result<Vec<String>, ModelListError>> + Send + 'a>>;

/// Asks providers for their models. The binary fills it with the gateway's own
/// way out, so that a test meets the same address guard and time limits as a call.
pub trait ModelLister: Send + Sync {
    /// The models behind a credential.
    fn list<'a>(&'a self, credential: &'a CredentialEntry) -> ModelNames<'a>;
}

/// Why a provider listed no models.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelListError {
    /// It doesn't take the secret.
    #[error("The provider rejects this credential. Check its secret, and that it may list models.")]
    Rejected,
    /// It can't be reached; says why.
    #[error("No answer from the provider: {0}.")]
    Unreachable(String),
    /// Its address may not be connected to; says which and why.
    #[error("The provider's address isn't allowed: {0}.")]
    Blocked(String),
    /// It took too long.
    #[error("The provider didn't list its models in time. Try again, or check the base URL.")]
    TimedOut,
    /// It answered with something else; says what.
    #[error("The provider's answer isn't a list of models: {0}. Check the base URL.")]
    NotAList(String),
}

/// Asks the provider of a credential (one that `project` sees; `None`: one of
/// the organization's own) for its models. Changes nothing.
pub async fn test(
    keyward: &Keyward,
    actor: &Actor,
    lister: &dyn ModelLister,
    project: Option<ProjectId>,
    id: CredentialId,
) -> Result<Vec<String>> {
    authorize(actor, Permission::CredentialsManage, scope(project))?;
    let sealed = {
        // Given back before the provider is waited for.
        let mut connection = keyward.read().await?;
        let conn = &mut connection.conn();
        find_project(conn, actor, project).await?;
        keyward_store::credential::find_sealed(conn, actor.organization, project, id)
            .await?
            .ok_or(Error::NotFound("credential"))?
    };
    let entry = index::open(keyward, sealed).map_err(|error| Error::Undecryptable(format!("{id}: {error}")))?;
    Ok(lister.list(&entry).await?)
}
