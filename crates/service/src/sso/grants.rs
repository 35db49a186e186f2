//! What claims give, brought up to date at each sign-in: each group and role
//! that came or went has its audit event. What somebody decided stays.

use std::collections::BTreeSet;

use keyward_domain::{
    clock::to_millis,
    id::{GroupId, RoleId, SsoProviderId, UserId},
    role::{BuiltIn, Role, Scope},
    sso::{Claims, Given, SsoProvider, given},
};
use keyward_store::{
    access, group, project,
    role_assignment::{self, Assignment, Principal},
    sso_grants::{self, Held},
};
use serde_json::{Value, json};

use crate::{
    Result,
    change::{Change, Event},
    role::find_anywhere,
    role_assignment::{given_event, taken_event},
};

/// Gives a user what the claims say now, and takes what they don't say any more.
pub(super) async fn bring_up_to_date(
    change: &mut Change<'_>,
    provider: &SsoProvider,
    user: UserId,
    claims: &Claims,
) -> Result<()> {
    let organization = provider.organization;
    let held = sso_grants::of(&mut change.conn(), organization, provider.id, Some(user)).await?;
    let held: BTreeSet<Given> = held.into_iter().map(|held| held.given).collect();
    let wanted = given(&provider.mappings, claims);
    for given in held.difference(&wanted) {
        withdraw(change, provider.id, Held { user, given: *given }).await?;
    }
    for given in wanted.difference(&held) {
        grant(change, provider.id, Held { user, given: *given }).await?;
    }
    Ok(())
}

/// Gives it, unless the group or role isn't there any more, or would make an owner.
async fn grant(change: &mut Change<'_>, provider: SsoProviderId, held: Held) -> Result<()> {
    match held.given {
        Given::Group(group) => change_membership(change, provider, held.user, group, true).await,
        Given::Role(role, scope) => change_role(change, provider, held.user, (role, scope), true).await,
    }
}

/// Takes it.
pub(super) async fn withdraw(change: &mut Change<'_>, provider: SsoProviderId, held: Held) -> Result<()> {
    match held.given {
        Given::Group(group) => change_membership(change, provider, held.user, group, false).await,
        Given::Role(role, scope) => change_role(change, provider, held.user, (role, scope), false).await,
    }
}

async fn change_membership(
    change: &mut Change<'_>,
    provider: SsoProviderId,
    user: UserId,
    id: GroupId,
    is_added: bool,
) -> Result<()> {
    let (organization, now) = (change.actor.organization, to_millis(change.now));
    let Some(found) = group::find(&mut change.conn(), organization, id).await? else { return Ok(()) };
    let described = json!({ "user_id": user, "source": provider });
    let gives = access::of_principal(&mut change.conn(), organization, id.uuid()).await?;
    if is_added && gives.is_some_and(|gives| gives.is_owner()) {
        return Ok(());
    }
    let (event_type, before, after) = if is_added {
        group::add_member(&mut change.conn(), &found, user, Some(provider), now).await?;
        ("group.member.added", Value::Null, described)
    } else {
        group::remove_member(&mut change.conn(), &found, user, Some(provider)).await?;
        ("group.member.removed", described, Value::Null)
    };
    let mut event = Event::on(event_type, id, &before, &after);
    event.targets.push(user.to_string());
    change.audit(event).await
}

async fn change_role(
    change: &mut Change<'_>,
    provider: SsoProviderId,
    user: UserId,
    (id, scope): (RoleId, Scope),
    is_given: bool,
) -> Result<()> {
    let organization = change.actor.organization;
    let principal = Principal::User(user);
    let role = find_anywhere(&mut change.conn(), organization, id).await?;
    let mut event = if is_given {
        let Some(role) = role.filter(|role| may_be_given(role, scope)) else { return Ok(()) };
        let source = Some(provider);
        let assignment =
            Assignment { principal, scope, role: id, source, created_by: None, created_at: to_millis(change.now) };
        role_assignment::insert(&mut change.conn(), organization, &assignment).await?;
        let mut event = given_event(principal, &role);
        event.after["source"] = json!(provider);
        event
    } else {
        role_assignment::delete(&mut change.conn(), organization, principal, scope, id, Some(provider)).await?;
        let Some(role) = role else { return Ok(()) };
        let mut event = taken_event(principal, &role);
        event.before["source"] = json!(provider);
        event
    };
    let within = match scope.project() {
        Some(id) => project::find(&mut change.conn(), organization, id).await?,
        None => None,
    };
    event.project = within.as_ref();
    change.audit(event).await
}

/// Whether a mapping can give it: whoever changed the role since may have made
/// it another's.
fn may_be_given(role: &Role, scope: Scope) -> bool {
    role.fits(scope) && role.built_in() != Some(BuiltIn::OrganizationOwner)
}
