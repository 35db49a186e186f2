//! API keys: create, edit, disable and enable, rotate, revoke, delete, look up,
//! list. The rules of their states stand in the domain.

mod create;
mod delete;
pub(crate) mod index;
mod list;
mod revoke;
mod rotate;
mod update;

use std::collections::HashMap;

use keyward_domain::{
    Timestamp,
    access::Access,
    actor::Actor,
    api_key::{ApiKey, KeyAccess, KeyUsage},
    budget::Spending,
    id::{ApiKeyId, ProjectId, ServiceAccountId, UserId},
    organization::User,
    permission::PermissionSet,
    project::Project,
    role::Scope,
    secret::KeySecret,
    service_account::ServiceAccount,
};
use keyward_store::Conn;

pub(crate) use create::make;
pub use create::{CreateApiKey, create};
pub use delete::delete;
pub use keyward_store::api_key::{ApiKeyFilter, KeySort, Unused};
pub use list::{ListApiKeys, find, list};
pub(crate) use revoke::revoke_all_in;
pub use revoke::{RevokedAll, revoke, revoke_all};
pub use rotate::{RotateApiKey, rotate};
pub use update::{UpdateApiKey, update};

use crate::{Error, Keyward, Result, authorize::check_grant, budget, change::Change};

/// A key with what it was used for and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyDetails {
    /// The key.
    pub key: ApiKey,
    /// What it was used for.
    pub usage: KeyUsage,
    /// Whose it is.
    pub owner: KeyOwner,
    /// How its own budget stands, if it has one.
    pub spending: Option<Spending>,
}

/// Whose a key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyOwner {
    /// Who made it, with what they may do now; for what Keyward made itself, the
    /// organization's first owner.
    User {
        /// The user.
        user: User,
        /// What they may do in the organization: nothing once they have left it.
        access: Access,
    },
    /// A service account, also a deleted one.
    ServiceAccount(ServiceAccount),
    /// Nobody who is known any more.
    Nobody,
}

/// A key with its secret: the only time that it is shown.
#[derive(Debug, Clone)]
pub struct RevealedApiKey {
    /// The key.
    pub details: ApiKeyDetails,
    /// Its new secret.
    pub secret: KeySecret,
}

/// Which key: an id alone opens nothing in another project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApiKeyPlace {
    /// The project.
    pub project: ProjectId,
    /// The key.
    pub key: ApiKeyId,
}

/// Finds the owners of keys, each one once.
#[derive(Default)]
struct Owners(HashMap<(Option<ServiceAccountId>, Option<UserId>), KeyOwner>);

impl Owners {
    async fn details(
        &mut self,
        keyward: &Keyward,
        conn: &mut Conn<'_>,
        key: ApiKey,
        usage: KeyUsage,
    ) -> Result<ApiKeyDetails> {
        let whose = (key.service_account, key.created_by.user);
        let owner = match self.0.get(&whose) {
            Some(owner) => owner.clone(),
            None => {
                let owner = find_owner(conn, &key).await?;
                self.0.insert(whose, owner.clone());
                owner
            }
        };
        let spending = budget::of_key(keyward, conn, &key).await?;
        Ok(ApiKeyDetails { key, usage, owner, spending })
    }
}

async fn find_owner(conn: &mut Conn<'_>, key: &ApiKey) -> Result<KeyOwner> {
    let organization = key.organization;
    if let Some(account) = key.service_account {
        let found = keyward_store::service_account::find_any(conn, organization, account).await?;
        return Ok(found.map_or(KeyOwner::Nobody, KeyOwner::ServiceAccount));
    }
    let user = match key.created_by.user {
        Some(user) => keyward_store::organization::find_user(conn, user).await?,
        None => keyward_store::organization::first_owner(conn, organization).await?,
    };
    let Some(user) = user else { return Ok(KeyOwner::Nobody) };
    let access = keyward_store::access::of_user(conn, organization, user.id).await?.unwrap_or_default();
    Ok(KeyOwner::User { user, access })
}

async fn details(keyward: &Keyward, conn: &mut Conn<'_>, key: ApiKey, usage: KeyUsage) -> Result<ApiKeyDetails> {
    Owners::default().details(keyward, conn, key, usage).await
}

/// The project that a use case is about.
async fn find_project(conn: &mut Conn<'_>, actor: &Actor, id: ProjectId) -> Result<Project> {
    keyward_store::project::find(conn, actor.organization, id).await?.ok_or(Error::NotFound("project"))
}

/// The key that a use case is about, with its project.
async fn find_in(conn: &mut Conn<'_>, actor: &Actor, place: ApiKeyPlace) -> Result<(Project, ApiKey, KeyUsage)> {
    let project = find_project(conn, actor, place.project).await?;
    let found = keyward_store::api_key::find(conn, actor.organization, project.id, place.key).await?;
    let (key, usage) = found.ok_or(Error::NotFound("API key"))?;
    Ok((project, key, usage))
}

/// Refuses to hand out a key that may do what the actor may not.
fn check_scopes(actor: &Actor, project: ProjectId, access: &KeyAccess) -> Result<()> {
    let scopes: PermissionSet = access.scopes.iter().copied().collect();
    let scopes = if scopes.is_empty() { PermissionSet::all_data() } else { scopes };
    check_grant(actor, &Access::of(scopes, Scope::Project(project)))
}

/// Refuses a name that another live key of the project has.
async fn check_name(change: &mut Change<'_>, key: &ApiKey) -> Result<()> {
    let now: Timestamp = change.now;
    if keyward_store::api_key::name_is_taken(&mut change.conn(), key, now).await? {
        return Err(Error::name_taken("a live API key of this project", &key.name));
    }
    Ok(())
}
