//! What claims give, brought up to date at each sign-in: each group and role
//! that came or went has its audit event. What somebody decided stays.

use std::collections::BTreeSet;

use keyward_domain::{
    id::{SsoProviderId, UserId},
    role::{BuiltIn, Scope},
    sso::{Claims, Given, SsoProvider, given},
};
use keyward_store::{
    project,
    sso_grants::{self, Held},
};
use serde_json::{Value, json};

use crate::{
    Result,
    change::{Change, Event},
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

/// Gives it, unless the group, role or project isn't there any more.
async fn grant(change: &mut Change<'_>, provider: SsoProviderId, held: Held) -> Result<()> {
    let (organization, now) = (change.actor.organization, keyward_domain::clock::to_millis(change.now));
    let Some(described) = describe(change, provider, held.given).await? else { return Ok(()) };
    sso_grants::insert(&mut change.conn(), organization, provider, held, now).await?;
    note(change, held, true, described).await
}

/// Takes it.
pub(super) async fn withdraw(change: &mut Change<'_>, provider: SsoProviderId, held: Held) -> Result<()> {
    let organization = change.actor.organization;
    let described = describe(change, provider, held.given).await?.unwrap_or_else(|| json!({ "source": provider }));
    sso_grants::delete(&mut change.conn(), organization, provider, held).await?;
    note(change, held, false, described).await
}

/// What an audit event says of it; `None` if it can't be held (any more).
async fn describe(change: &mut Change<'_>, provider: SsoProviderId, given: Given) -> Result<Option<Value>> {
    let organization = change.actor.organization;
    Ok(match given {
        Given::Group(group) => sso_grants::group_name(&mut change.conn(), organization, group)
            .await?
            .map(|name| json!({ "group_id": group, "group": name, "source": provider })),
        Given::Role(id, scope) => sso_grants::role(&mut change.conn(), organization, id)
            .await?
            .filter(|role| role.fits(scope) && role.built_in() != Some(BuiltIn::OrganizationOwner))
            .map(|role| json!({ "role_id": id, "role": role.name, "project_id": scope.project(), "source": provider })),
    })
}

async fn note(change: &mut Change<'_>, held: Held, given: bool, described: Value) -> Result<()> {
    let organization = change.actor.organization;
    let (event_type, scope) = match (held.given, given) {
        (Given::Group(_), true) => ("group.member.added", Scope::Organization),
        (Given::Group(_), false) => ("group.member.removed", Scope::Organization),
        (Given::Role(_, scope), true) => ("role.assignment.created", scope),
        (Given::Role(_, scope), false) => ("role.assignment.deleted", scope),
    };
    let within = match scope.project() {
        Some(id) => project::find(&mut change.conn(), organization, id).await?,
        None => None,
    };
    let (before, after) = if given { (Value::Null, described) } else { (described, Value::Null) };
    let mut event = Event::on(event_type, held.user, &before, &after);
    if let Given::Group(group) = held.given {
        event.targets.push(group.to_string());
    }
    change.audit(event.within(within.as_ref())).await
}
