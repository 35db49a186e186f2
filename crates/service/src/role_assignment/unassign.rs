//! Taking a role that somebody gave. What comes by a group or by single sign-on
//! is taken where it comes from.

use keyward_domain::{
    actor::Actor,
    id::RoleId,
    permission::Permission,
    role::{BuiltIn, Scope},
};
use keyward_store::role_assignment as store;

use super::{
    Principal, Seat, check_not_last_owner, check_principal, check_reach_of, held_directly, managed_by_sso, take,
};
use crate::{Error, Keyward, Result, place::find_place, role::find_at};

/// Takes a role from a user or a group.
pub async fn unassign(keyward: &Keyward, actor: &Actor, seat: Seat, role: RoleId) -> Result<()> {
    let mut change = keyward.change(actor, Permission::RolesAssign, seat.scope).await?;
    let organization = actor.organization;
    let project = find_place(&mut change.conn(), organization, seat.scope).await?;
    check_principal(&mut change.conn(), organization, seat.principal).await?;
    let role = find_at(&mut change.conn(), organization, seat.scope, role).await?;
    let held = held_directly(&mut change.conn(), organization, seat).await?;
    let sources: Vec<_> = held.iter().filter(|(held, _)| held.id == role.id).map(|(_, source)| source).collect();
    if sources.is_empty() {
        return Err(not_held(&mut change.conn(), organization, seat, role.id).await?);
    }
    if sources.iter().any(|source| source.is_some()) {
        return Err(managed_by_sso("This role"));
    }
    check_reach_of(&mut change, seat).await?;
    if let (Scope::Organization, Principal::User(user)) = (seat.scope, seat.principal)
        && role.built_in() == Some(BuiltIn::OrganizationOwner)
    {
        check_not_last_owner(&mut change, user).await?;
    }
    take(&mut change, seat, &role, project.as_ref()).await?;
    change.commit().await
}

/// Why a role that isn't held directly can't be taken.
async fn not_held(
    conn: &mut keyward_store::Conn<'_>,
    organization: keyward_domain::id::OrganizationId,
    seat: Seat,
    role: RoleId,
) -> Result<Error> {
    let Principal::User(user) = seat.principal else { return Ok(Error::NotFound("role assignment")) };
    let through = store::through_groups(conn, organization, user).await?;
    let group = through.iter().find(|held| held.scope == seat.scope && held.role == role).map(|held| held.principal);
    Ok(match group {
        None => Error::NotFound("role assignment"),
        Some(group) => Error::Conflict {
            code: "role_from_group",
            param: None,
            message: format!(
                "This role comes from the group {group}: take it from the group, or the user out of the group."
            ),
        },
    })
}
