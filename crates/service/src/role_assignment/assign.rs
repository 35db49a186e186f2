//! Giving a role. Twice is not an error.

use keyward_domain::{actor::Actor, id::RoleId, permission::Permission};

use super::{Assigned, Principal, Recipient, Seat, check_giving, check_principal, check_reach_of, give};
use crate::{Error, Keyward, Result, member, place::find_place, role::find_to_give};

/// Gives a role to a user or a group.
pub async fn assign(keyward: &Keyward, actor: &Actor, seat: Seat, role: RoleId) -> Result<Assigned> {
    let mut change = keyward.change(actor, Permission::RolesAssign, seat.scope).await?;
    let (actor, organization) = (change.actor.clone(), actor.organization);
    let project = find_place(&mut change.conn(), organization, seat.scope).await?;
    check_principal(&mut change.conn(), organization, seat.principal).await?;
    let role = find_to_give(&mut change.conn(), &actor, seat.scope, role).await?;
    check_giving(&actor, "role_id", &role, seat)?;
    check_reach_of(&mut change, seat).await?;
    let is_new = give(&mut change, seat, &role, project.as_ref()).await?;
    let recipient = match seat.principal {
        Principal::User(user) => {
            Recipient::User(Box::new(member::find_details(&mut change.conn(), &actor, user).await?))
        }
        Principal::Group(id) => {
            let group = keyward_store::group::find(&mut change.conn(), organization, id).await?;
            Recipient::Group(group.ok_or(Error::NotFound("group"))?)
        }
        Principal::AdminKey(_) => return Err(Error::NotFound("user")),
    };
    if is_new {
        change.commit().await?;
    }
    Ok(Assigned { recipient, role })
}
