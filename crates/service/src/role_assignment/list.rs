//! Looking up who holds which roles, and why.

use std::collections::BTreeMap;

use keyward_domain::{
    actor::Actor,
    id::{RoleId, UserId},
    organization::User,
    page::{Listed, Page},
    permission::Permission,
    role::Role,
};
use keyward_store::{Conn, role_assignment as store};

use super::{Principal, Seat, check_principal, roles_of};
use crate::{Error, Keyward, Result, authorize::authorize, place::find_place, role::page_of};

/// A role that is held, and by which principals' doing.
#[derive(Debug, Clone)]
pub struct HeldRole {
    /// The role.
    pub role: Role,
    /// Who made the role, if it is a custom one and they are known.
    pub creator: Option<User>,
    /// The principal itself, or the groups that it comes from.
    pub sources: Vec<Principal>,
}

/// One page of the roles that a user or a group holds at a scope.
pub async fn list(keyward: &Keyward, actor: &Actor, seat: Seat, page: Page<RoleId>) -> Result<Listed<HeldRole>> {
    authorize(actor, Permission::RolesRead, seat.scope)?;
    let mut connection = keyward.read().await?;
    page_of(held(&mut connection.conn(), actor, seat).await?, &page, |held| held.role.id)
}

/// One role that a user or a group holds at a scope.
pub async fn find(keyward: &Keyward, actor: &Actor, seat: Seat, role: RoleId) -> Result<HeldRole> {
    authorize(actor, Permission::RolesRead, seat.scope)?;
    let mut connection = keyward.read().await?;
    let all = held(&mut connection.conn(), actor, seat).await?;
    all.into_iter().find(|held| held.role.id == role).ok_or(Error::NotFound("role assignment"))
}

async fn held(conn: &mut Conn<'_>, actor: &Actor, seat: Seat) -> Result<Vec<HeldRole>> {
    let organization = actor.organization;
    find_place(conn, organization, seat.scope).await?;
    check_principal(conn, organization, seat.principal).await?;
    let mut assignments = store::of_principal(conn, organization, seat.principal).await?;
    if let Principal::User(user) = seat.principal {
        assignments.extend(store::through_groups(conn, organization, user).await?);
    }
    let mut sources: BTreeMap<RoleId, Vec<Principal>> = BTreeMap::new();
    for assignment in assignments.into_iter().filter(|assignment| assignment.scope == seat.scope) {
        let of_role = sources.entry(assignment.role).or_default();
        if !of_role.contains(&assignment.principal) {
            of_role.push(assignment.principal);
        }
    }
    let mut creators: BTreeMap<UserId, Option<User>> = BTreeMap::new();
    let mut held = Vec::with_capacity(sources.len());
    for role in roles_of(conn, organization, sources.keys().copied()).await? {
        let creator = match role.custom.as_ref().and_then(|custom| custom.created_by) {
            None => None,
            Some(user) => match creators.get(&user) {
                Some(known) => known.clone(),
                None => {
                    let found = keyward_store::organization::find_user(conn, user).await?;
                    creators.entry(user).or_insert(found).clone()
                }
            },
        };
        let sources = sources.get(&role.id).cloned().unwrap_or_default();
        held.push(HeldRole { role, creator, sources });
    }
    Ok(held)
}
