//! Who holds a role: people, groups and admin keys, for whoever thinks of
//! changing or deleting it.

use keyward_domain::{
    actor::Actor,
    id::{OrganizationId, RoleId},
    permission::Permission,
    role::Scope,
};
use keyward_store::{
    Conn, admin_key, group, organization,
    role_assignment::{self, Principal},
};

use super::find_at;
use crate::{Keyward, Result, authorize::authorize, place::find_place};

/// How many are named.
const NAMED: usize = 20;

/// Who holds a role directly.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Holders {
    /// What the first twenty are called, as far as the actor may know them.
    pub names: Vec<String>,
    /// How many there are.
    pub count: usize,
}

/// Who holds a role that belongs to `scope`.
pub async fn holders(keyward: &Keyward, actor: &Actor, scope: Scope, id: RoleId) -> Result<Holders> {
    authorize(actor, Permission::RolesRead, scope)?;
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    find_place(conn, actor.organization, scope).await?;
    let role = find_at(conn, actor.organization, scope, id).await?;
    let held = role_assignment::of_role(conn, actor.organization, role.id).await?;
    let mut principals: Vec<_> =
        held.into_iter().filter(|held| held.scope == scope).map(|held| held.principal).collect();
    principals.sort_unstable();
    principals.dedup();
    let mut names = Vec::new();
    let may_know = |principal: &&Principal| match principal {
        Principal::User(_) => actor.access.holds(Permission::MembersRead, scope),
        Principal::Group(_) => actor.access.holds(Permission::GroupsRead, Scope::Organization),
        Principal::AdminKey(_) => actor.access.holds(Permission::AdminKeysRead, Scope::Organization),
    };
    for principal in principals.iter().filter(may_know).take(NAMED) {
        names.extend(name(conn, actor.organization, *principal).await?);
    }
    Ok(Holders { names, count: principals.len() })
}

async fn name(conn: &mut Conn<'_>, organization: OrganizationId, principal: Principal) -> Result<Option<String>> {
    Ok(match principal {
        Principal::User(id) => {
            organization::find_member(conn, organization, id).await?.map(|user| user.email.to_string())
        }
        Principal::Group(id) => {
            group::find(conn, organization, id).await?.map(|group| format!("the group {}", group.name))
        }
        Principal::AdminKey(id) => {
            admin_key::find(conn, organization, id).await?.map(|found| format!("the admin key {}", found.key.name))
        }
    })
}
