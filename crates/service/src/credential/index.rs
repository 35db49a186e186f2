//! Credentials on their way into the key index: decrypted once when they
//! change, and put into each project that sees them, in the order to be asked.

use std::{collections::HashMap, sync::Arc};

use keyward_access::CredentialEntry;
use keyward_domain::id::{OrganizationId, ProjectId};
use keyward_store::{Conn, credential::SealedCredential, project};

use super::place;
use crate::{Keyward, Result, vault::DoesNotOpen};

/// Reads every credential of every project.
pub(crate) async fn load(keyward: &Keyward, conn: &mut Conn<'_>) -> Result<()> {
    let projects = project::all(conn).await?.into_iter().map(|project| (project.id, project.organization));
    put(keyward, projects, keyward_store::credential::all_sealed(conn).await?);
    Ok(())
}

/// Reads a project's own and inherited credentials.
pub(crate) async fn take_in_project(keyward: &Keyward, conn: &mut Conn<'_>, id: ProjectId) -> Result<()> {
    if let Some(project) = project::find_any(conn, id).await? {
        let sealed = keyward_store::credential::sealed_in_project(conn, project.organization, id).await?;
        put(keyward, [(id, project.organization)], sealed);
    }
    Ok(())
}

/// Reads the credentials of all projects of an organization, each of which
/// inherits the organization's own.
pub(crate) async fn take_in_organization(keyward: &Keyward, conn: &mut Conn<'_>, id: OrganizationId) -> Result<()> {
    let projects = project::ids(conn, id).await?.into_iter().map(|project| (project, id));
    put(keyward, projects, keyward_store::credential::sealed_of_organization(conn, id).await?);
    Ok(())
}

/// Gives each of `projects` what it sees of `sealed`, which is in the order to
/// be asked. A secret that doesn't open keeps its credential out: calls go on
/// with the others.
fn put(
    keyward: &Keyward,
    projects: impl IntoIterator<Item = (ProjectId, OrganizationId)>,
    sealed: Vec<SealedCredential>,
) {
    let mut by_owner: HashMap<_, Vec<(usize, Arc<CredentialEntry>)>> = HashMap::new();
    for (rank, sealed) in sealed.into_iter().enumerate() {
        let (id, owner) = (sealed.credential.id, (sealed.credential.organization, sealed.credential.project));
        match open(keyward, sealed) {
            Ok(entry) => by_owner.entry(owner).or_default().push((rank, Arc::new(entry))),
            Err(error) => {
                tracing::error!(credential = %id, %error, "the secret of this credential can't be decrypted: it isn't used until its secret is replaced");
            }
        }
    }
    for (project, organization) in projects {
        let owners = [(organization, Some(project)), (organization, None)];
        let mut seen: Vec<_> = owners.iter().filter_map(|owner| by_owner.get(owner)).flatten().cloned().collect();
        seen.sort_by_key(|(rank, _)| *rank);
        keyward.index.put_credentials(project, organization, seen.into_iter().map(|(_, entry)| entry).collect());
    }
}

/// Decrypts a credential for use.
pub(crate) fn open(keyward: &Keyward, sealed: SealedCredential) -> std::result::Result<CredentialEntry, DoesNotOpen> {
    let SealedCredential { credential, wrapped_secret } = sealed;
    let place = place(credential.id, credential.organization);
    let secret = wrapped_secret.map(|wrapped| keyward.vault.unseal(&place, &wrapped)).transpose()?;
    Ok(CredentialEntry {
        id: credential.id,
        version: credential.version,
        provider: credential.provider,
        base_url: credential.effective_base_url().map(str::to_owned),
        secret,
        aliases: credential.aliases,
        priority: credential.priority,
        weight: credential.weight,
        inherited: credential.project.is_none(),
    })
}
