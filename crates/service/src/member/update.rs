//! Changing a member: their role in the organization, and whether they may do
//! anything at all.

use keyward_domain::{
    actor::Actor,
    clock::to_millis,
    id::{RoleId, UserId},
    permission::Permission,
    role::{BuiltIn, Role, Scope},
};
use keyward_store::{member as store, session};
use serde_json::json;

use super::{MemberDetails, find_details};
use crate::{
    Error, Keyward, Result,
    change::{Change, Event},
    role::find_to_give,
    role_assignment::{Principal, Seat, check_giving, check_not_last_owner, check_reach_of, held_directly, replace},
};

/// What changes: `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct UpdateMember {
    /// The one role that takes the place of all that the member holds directly
    /// at the organization. Organization Member: none is left.
    pub role: Option<RoleId>,
    /// The request's field that names it.
    pub role_param: &'static str,
    /// Whether they may do nothing in the organization.
    pub disabled: Option<bool>,
}

/// Changes a member who holds no more than the actor does. A change that
/// changes nothing leaves no trace.
pub async fn update(keyward: &Keyward, actor: &Actor, user: UserId, command: UpdateMember) -> Result<MemberDetails> {
    let mut change = keyward.change(actor, Permission::MembersManage, Scope::Organization).await?;
    let seat = Seat { principal: Principal::User(user), scope: Scope::Organization };
    let organization = actor.organization;
    let member = store::find(&mut change.conn(), organization, user).await?.ok_or(Error::NotFound("user"))?.member;
    check_reach_of(&mut change, seat).await?;
    let held = held_directly(&mut change.conn(), organization, seat).await?;
    let is_owner = held.iter().any(|(role, _)| role.built_in() == Some(BuiltIn::OrganizationOwner));
    let role = match command.role {
        None => None,
        Some(id) => Some(role_to_give(&mut change, seat, id, command.role_param).await?),
    };
    let is_disabled = member.disabled_at.is_some();
    let stays_owner = role.as_ref().is_none_or(|role| role.built_in() == Some(BuiltIn::OrganizationOwner));
    if is_owner && !is_disabled && (!stays_owner || command.disabled == Some(true)) {
        check_not_last_owner(&mut change, user).await?;
    }
    let mut is_changed = false;
    if let Some(role) = &role {
        let kept = Some(role).filter(|role| role.built_in() != Some(BuiltIn::OrganizationMember));
        is_changed |= replace(&mut change, seat, kept, None).await?;
        if is_changed {
            let names: Vec<_> = held.iter().map(|(role, _)| role.name.as_str()).collect();
            let (before, after) = (json!({ "roles": names }), json!({ "roles": [role.name.as_str()] }));
            change.audit(Event::on("user.updated", user, &before, &after)).await?;
        }
    }
    if let Some(disabled) = command.disabled.filter(|disabled| *disabled != is_disabled) {
        let since = disabled.then(|| to_millis(change.now));
        store::set_disabled(&mut change.conn(), organization, user, since).await?;
        if disabled {
            session::delete_of_user(&mut change.conn(), user, Some(organization), None).await?;
        }
        let state = |disabled: bool| json!({ "disabled": disabled });
        change.audit(Event::on("user.updated", user, &state(is_disabled), &state(disabled))).await?;
        is_changed = true;
    }
    let actor = change.actor.clone();
    let details = find_details(&mut change.conn(), &actor, user).await?;
    if is_changed {
        change.commit().await?;
    }
    Ok(details)
}

async fn role_to_give(change: &mut Change<'_>, seat: Seat, id: RoleId, param: &str) -> Result<Role> {
    let actor = change.actor.clone();
    let role = find_to_give(&mut change.conn(), &actor, seat.scope, id).await?;
    check_giving(&actor, param, &role, seat)?;
    Ok(role)
}
