//! Credentials: create, edit, replace the secret, delete, test, look up, list.
//!
//! Each belongs to a project, or to the organization itself and is inherited by
//! every project of it. A project's list shows both; what is inherited is
//! changed among the organization's own only.

mod create;
mod delete;
pub(crate) mod index;
mod list;
mod test;
mod update;

use keyward_domain::{
    Name, Timestamp,
    actor::Actor,
    credential::Credential,
    id::{CredentialId, OrganizationId, ProjectId},
    project::Project,
    role::Scope,
};
use keyward_store::{Conn, StoreError, change_log::Subject, credential::UsedCredential};
use secrecy::SecretString;
use serde_json::Value;

pub(crate) use create::add;
pub use create::{CreateCredential, NewCredential, create};
pub use delete::delete;
pub use list::{ListCredentials, find, list};
pub use test::{ModelListError, ModelLister, ModelNames, test};
pub use update::{UpdateCredential, update};

use crate::{Error, Keyward, Result};

/// A credential as it is seen from a project, or among the organization's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialDetails {
    /// The credential.
    pub credential: Credential,
    /// When a call was last made with it.
    pub last_used_at: Option<Timestamp>,
    /// Whether a project sees it that it doesn't belong to.
    pub inherited: bool,
}

impl CredentialDetails {
    fn seen_from(project: Option<ProjectId>, used: UsedCredential) -> Self {
        let UsedCredential { credential, last_used_at } = used;
        Self { inherited: credential.project != project, credential, last_used_at }
    }
}

/// Where a permission on credentials is needed.
fn scope(project: Option<ProjectId>) -> Scope {
    project.map_or(Scope::Organization, Scope::Project)
}

/// The project that is meant; `None`: the organization's own credentials.
async fn find_project(conn: &mut Conn<'_>, actor: &Actor, project: Option<ProjectId>) -> Result<Option<Project>> {
    let Some(id) = project else { return Ok(None) };
    let found = keyward_store::project::find(conn, actor.organization, id).await?;
    found.map(Some).ok_or(Error::NotFound("project"))
}

/// A credential that may be changed from where it is seen, and its project.
async fn find_own(
    conn: &mut Conn<'_>,
    actor: &Actor,
    project: Option<ProjectId>,
    id: CredentialId,
) -> Result<(UsedCredential, Option<Project>)> {
    let within = find_project(conn, actor, project).await?;
    let found = keyward_store::credential::find(conn, actor.organization, project, id)
        .await?
        .ok_or(Error::NotFound("credential"))?;
    if found.credential.project == project {
        Ok((found, within))
    } else {
        Err(Error::Forbidden {
            code: "credential_inherited",
            message: "This credential belongs to the organization and is inherited by all of its projects. Change it among the organization's credentials.".into(),
        })
    }
}

/// What followers must read again when a credential changes.
fn subject(credential: &Credential) -> Subject {
    match credential.project {
        Some(project) => Subject::ProjectCredentials(project),
        None => Subject::OrganizationCredentials(credential.organization),
    }
}

/// Where a secret opens: in no other row, and in no other organization's.
fn place(id: CredentialId, organization: OrganizationId) -> String {
    format!("credential:{id}:{organization}")
}

fn seal(keyward: &Keyward, credential: &Credential, secret: &SecretString) -> Vec<u8> {
    keyward.vault.seal(&place(credential.id, credential.organization), secret, &*keyward.randomness)
}

/// What an audit event says of a credential: no part of its secret, not even
/// the masked one, only what became of it.
fn audited(credential: &Credential, secret: Option<&str>) -> Value {
    let mut state = serde_json::to_value(credential).unwrap_or_default();
    if let Value::Object(fields) = &mut state {
        fields.remove("redacted_value");
        fields.insert("secret".into(), secret.into());
    }
    state
}

fn name_taken(name: &Name) -> impl Fn(StoreError) -> Error {
    move |error| {
        if keyward_store::credential::name_is_taken(&error) {
            Error::name_taken("a credential", name)
        } else {
            error.into()
        }
    }
}
