//! Creating a credential.

use keyward_domain::{
    Name,
    actor::Actor,
    credential::{Aliases, BaseUrl, Credential, redact},
    id::{CredentialId, ProjectId},
    permission::Permission,
    project::Project,
    provider::Provider,
    weight::Weight,
};
use secrecy::{ExposeSecret, SecretString};

use super::{CredentialDetails, audited, find_project, name_taken, scope, seal, subject};
use crate::{
    Keyward, Result,
    change::{Change, Event},
    idempotency::Idempotency,
};

/// What the credential will be.
#[derive(Debug, Clone)]
pub struct NewCredential {
    /// Who is called with it; never changes.
    pub provider: Provider,
    /// Unique among its project's (or the organization's own); `None`: after
    /// the provider, with a number if that is taken.
    pub name: Option<Name>,
    /// Where the provider is; `None`: at its usual place.
    pub base_url: Option<BaseUrl>,
    /// The provider's secret; some providers can do without.
    pub api_key: Option<SecretString>,
    /// Names that callers may use.
    pub aliases: Aliases,
    /// Lower is asked first.
    pub priority: i32,
    /// Its share of the calls among equals.
    pub weight: Weight,
}

/// A new credential, and whose it will be.
#[derive(Debug, Clone)]
pub struct CreateCredential {
    /// Its project; `None`: the organization's, inherited by every project.
    pub project: Option<ProjectId>,
    /// The credential.
    pub credential: NewCredential,
    /// Guards against creating twice.
    pub idempotency: Option<Idempotency>,
}

/// Makes a credential; calls use it from the next one on.
pub async fn create(keyward: &Keyward, actor: &Actor, command: CreateCredential) -> Result<CredentialDetails> {
    let mut change = keyward.change(actor, Permission::CredentialsManage, scope(command.project)).await?;
    let project = find_project(&mut change.conn(), actor, command.project).await?;
    let id = keyward.new_id(CredentialId::generate);
    change.once(command.idempotency.as_ref(), id).await?;
    let credential = add(&mut change, project.as_ref(), id, command.credential).await?;
    change.commit().await?;
    Ok(CredentialDetails { credential, last_used_at: None, inherited: false })
}

/// Makes a credential within a change: a step of [`create`] and of creating a
/// project. The caller has checked the permission.
pub(crate) async fn add(
    change: &mut Change<'_>,
    project: Option<&Project>,
    id: CredentialId,
    new: NewCredential,
) -> Result<Credential> {
    let (keyward, organization, now) = (change.keyward, change.actor.organization, change.now);
    let project_id = project.map(|project| project.id);
    let secret = new.api_key.as_ref().map(ExposeSecret::expose_secret);
    new.provider.check_given_secret("api_key", secret)?;
    new.provider.check_base_url("base_url", new.base_url.is_some())?;
    let name = match new.name {
        Some(name) => name,
        None => {
            let taken = keyward_store::credential::names(&mut change.conn(), organization, project_id).await?;
            free_name(new.provider, &taken)
        }
    };
    let credential = Credential {
        id,
        organization,
        project: project_id,
        provider: new.provider,
        name,
        base_url: new.base_url,
        redacted_value: secret.map(redact),
        aliases: new.aliases,
        priority: new.priority,
        weight: new.weight,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    let sealed = new.api_key.as_ref().map(|secret| seal(keyward, &credential, secret));
    keyward_store::credential::insert(&mut change.conn(), &credential, sealed.as_deref())
        .await
        .map_err(name_taken(&credential.name))?;
    let after = audited(&credential, sealed.is_some().then_some("set"));
    let event = Event::on("credential.created", id, &(), &after);
    change.audit(event.within(project)).await?;
    change.log(subject(&credential)).await?;
    Ok(credential)
}

/// The provider's name, or the first numbered one that is free.
fn free_name(provider: Provider, taken: &[String]) -> Name {
    let mut name = provider.to_string();
    let mut number = 1;
    while taken.contains(&name) {
        number += 1;
        name = format!("{provider} {number}");
    }
    Name::from_stored(name)
}
