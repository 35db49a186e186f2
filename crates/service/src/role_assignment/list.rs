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

use super::{Principal, Seat, access_of, check_principal, roles_of};
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
    /// Whether somebody gave it to the principal itself.
    pub is_given: bool,
    /// Whether single sign-on gave it to the principal itself, and takes it.
    pub by_sso: bool,
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

/// Whether the actor holds as much at a scope as whoever sits there, so that a
/// change of theirs would be let through.
pub async fn reaches(keyward: &Keyward, actor: &Actor, seat: Seat) -> Result<bool> {
    authorize(actor, Permission::MembersRead, seat.scope)
        .or_else(|_| authorize(actor, Permission::RolesRead, seat.scope))?;
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    check_principal(conn, actor.organization, seat.principal).await?;
    let held = access_of(conn, actor.organization, seat.principal).await?;
    Ok(actor.access.covers(&held.within(seat.scope)))
}

async fn held(conn: &mut Conn<'_>, actor: &Actor, seat: Seat) -> Result<Vec<HeldRole>> {
    let organization = actor.organization;
    find_place(conn, organization, seat.scope).await?;
    check_principal(conn, organization, seat.principal).await?;
    let mut assignments = store::of_principal(conn, organization, seat.principal).await?;
    if let Principal::User(user) = seat.principal {
        assignments.extend(store::through_groups(conn, organization, user).await?);
    }
    assignments.retain(|assignment| assignment.scope == seat.scope);
    let mut sources: BTreeMap<RoleId, Vec<Principal>> = BTreeMap::new();
    for assignment in &assignments {
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
        let own = || assignments.iter().filter(|own| own.role == role.id && own.principal == seat.principal);
        let is_given = own().any(|own| own.source.is_none());
        let by_sso = own().any(|own| own.source.is_some());
        held.push(HeldRole { role, creator, sources, is_given, by_sso });
    }
    Ok(held)
}
