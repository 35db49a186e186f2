//! Who holds which role: giving, taking, looking up. Nobody gives what they
//! don't hold or changes somebody who holds more; the last owner stays one.

mod assign;
mod list;
mod unassign;

use keyward_domain::{
    access::Access,
    actor::Actor,
    assignment::{Holder, check_holder},
    clock::to_millis,
    group::Group,
    id::{OrganizationId, SsoProviderId, UserId},
    project::Project,
    role::{BuiltIn, Role, Scope},
};
pub use keyward_store::role_assignment::Principal;
use keyward_store::{
    Conn,
    role_assignment::{self as store, Assignment},
};
use serde_json::json;

pub use assign::assign;
pub use list::{HeldRole, find, list, reaches};
pub use unassign::unassign;

use crate::{
    Error, Result,
    authorize::{check_grant, check_reach},
    change::{Change, Event},
    member::MemberDetails,
};

/// Who holds roles, and where: what an assignment is looked up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seat {
    /// Who.
    pub principal: Principal,
    /// Where.
    pub scope: Scope,
}

/// Who was given a role.
#[derive(Debug, Clone)]
pub enum Recipient {
    /// A member of the organization.
    User(Box<MemberDetails>),
    /// A group.
    Group(Group),
}

/// A role with who holds it from now on.
#[derive(Debug, Clone)]
pub struct Assigned {
    /// Who.
    pub recipient: Recipient,
    /// What they were given.
    pub role: Role,
}

/// Refuses a principal that isn't of this organization.
pub(crate) async fn check_principal(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    principal: Principal,
) -> Result<()> {
    let (is_there, what) = match principal {
        Principal::User(user) => {
            (keyward_store::organization::find_member(conn, organization, user).await?.is_some(), "user")
        }
        Principal::Group(group) => (keyward_store::group::find(conn, organization, group).await?.is_some(), "group"),
        Principal::AdminKey(key) => {
            (keyward_store::admin_key::find(conn, organization, key).await?.is_some(), "admin key")
        }
    };
    if is_there { Ok(()) } else { Err(Error::NotFound(what)) }
}

/// What a principal holds altogether.
pub(crate) async fn access_of(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    principal: Principal,
) -> Result<Access> {
    Ok(match principal {
        Principal::User(user) => keyward_store::access::of_member(conn, organization, user).await?,
        Principal::Group(group) => {
            keyward_store::access::of_principal(conn, organization, group.uuid()).await?.unwrap_or_default()
        }
        Principal::AdminKey(key) => {
            keyward_store::access::of_principal(conn, organization, key.uuid()).await?.unwrap_or_default()
        }
    })
}

/// Refuses to change a principal that holds more than the actor, as far as the
/// scope of the change goes.
pub(crate) async fn check_reach_of(change: &mut Change<'_>, seat: Seat) -> Result<()> {
    let organization = change.actor.organization;
    let held = access_of(&mut change.conn(), organization, seat.principal).await?;
    check_reach(&change.actor, &held.within(seat.scope))
}

/// Refuses a role that can't be held there, or that the actor can't give.
/// `param` is the field that names it.
pub(crate) fn check_giving(actor: &Actor, param: &str, role: &Role, seat: Seat) -> Result<()> {
    let holder = if matches!(seat.principal, Principal::Group(_)) { Holder::Group } else { Holder::User };
    check_holder(param, role, seat.scope, holder)?;
    check_grant(actor, &Access::of_role(role, seat.scope))
}

/// Refuses to leave the organization without an owner: `user` is one and won't
/// be any more. Changes wait for each other, so two can't do it together.
pub(crate) async fn check_not_last_owner(change: &mut Change<'_>, user: UserId) -> Result<()> {
    let organization = change.actor.organization;
    if store::owners_besides(&mut change.conn(), organization, user).await? > 0 {
        return Ok(());
    }
    Err(Error::Conflict {
        code: "last_owner",
        param: None,
        message: "This is the last owner of the organization: make somebody else an owner first.".into(),
    })
}

/// The event of a role given.
pub(crate) fn given_event<'a>(principal: Principal, role: &Role) -> Event<'a> {
    let mut event = Event::on("role.assignment.created", principal, &(), &described(principal, role));
    event.targets.push(role.id.to_string());
    event
}

/// The event of a role taken.
pub(crate) fn taken_event<'a>(principal: Principal, role: &Role) -> Event<'a> {
    let mut event = Event::on("role.assignment.deleted", principal, &described(principal, role), &());
    event.targets.push(role.id.to_string());
    event
}

fn described(principal: Principal, role: &Role) -> serde_json::Value {
    json!({
        "principal_type": principal.kind(), "principal_id": principal.to_string(),
        "role_id": role.id, "role": role.name,
    })
}

/// Gives a role, which may be held already; answers whether it wasn't.
pub(crate) async fn give(change: &mut Change<'_>, seat: Seat, role: &Role, project: Option<&Project>) -> Result<bool> {
    let assignment = Assignment {
        principal: seat.principal,
        scope: seat.scope,
        role: role.id,
        source: None,
        created_by: change.actor.user(),
        created_at: to_millis(change.now),
    };
    let organization = change.actor.organization;
    let is_new = store::insert(&mut change.conn(), organization, &assignment).await?;
    if is_new {
        change.audit(given_event(seat.principal, role).within(project)).await?;
    }
    Ok(is_new)
}

/// Takes a role that somebody's decision gave; answers whether it was held so.
pub(crate) async fn take(change: &mut Change<'_>, seat: Seat, role: &Role, project: Option<&Project>) -> Result<bool> {
    let organization = change.actor.organization;
    let was_held = store::delete(&mut change.conn(), organization, seat.principal, seat.scope, role.id, None).await?;
    if was_held {
        change.audit(taken_event(seat.principal, role).within(project)).await?;
    }
    Ok(was_held)
}

/// The roles that a principal holds by itself at a scope, and whether a
/// provider of single sign-on says so.
pub(crate) async fn held_directly(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    seat: Seat,
) -> Result<Vec<(Role, Option<SsoProviderId>)>> {
    let all = store::of_principal(conn, organization, seat.principal).await?;
    let here: Vec<_> = all.into_iter().filter(|assignment| assignment.scope == seat.scope).collect();
    let roles = roles_of(conn, organization, here.iter().map(|assignment| assignment.role)).await?;
    let role = |id| roles.iter().find(|role| role.id == id).cloned();
    Ok(here.into_iter().filter_map(|held| Some((role(held.role)?, held.source))).collect())
}

/// Built-in and custom roles by their ids.
pub(crate) async fn roles_of(
    conn: &mut Conn<'_>,
    organization: OrganizationId,
    ids: impl Iterator<Item = keyward_domain::id::RoleId>,
) -> Result<Vec<Role>> {
    let (mut roles, mut custom) = (Vec::new(), Vec::new());
    for id in ids {
        match BuiltIn::find(id) {
            Some(built_in) => roles.push(built_in.role(organization)),
            None => custom.push(id),
        }
    }
    roles.extend(keyward_store::role::among(conn, organization, &custom).await?);
    Ok(roles)
}

/// Puts one role in the place of all that somebody's decision gave the
/// principal at a scope; `None`: takes them all. Answers whether that changed
/// anything.
pub(crate) async fn replace(
    change: &mut Change<'_>,
    seat: Seat,
    role: Option<&Role>,
    project: Option<&Project>,
) -> Result<bool> {
    let organization = change.actor.organization;
    let mut is_changed = false;
    for (held, source) in held_directly(&mut change.conn(), organization, seat).await? {
        if source.is_none() && role.is_none_or(|role| role.id != held.id) {
            is_changed |= take(change, seat, &held, project).await?;
        }
    }
    if let Some(role) = role {
        is_changed |= give(change, seat, role, project).await?;
    }
    Ok(is_changed)
}

/// Refuses to undo by hand what single sign-on will do again.
pub(crate) fn managed_by_sso(what: &str) -> Error {
    Error::Conflict {
        code: "managed_by_sso",
        param: None,
        message: format!("{what} comes from single sign-on: change it at the identity provider, or in the mapping."),
    }
}
