//! Removing a member: all that they held here goes, and the admin keys that
//! acted in their name. API keys belong to their projects and go on working.

use keyward_domain::{
    Name,
    actor::Actor,
    clock::to_millis,
    id::{OrganizationId, UserId},
    permission::Permission,
    role::{BuiltIn, Scope},
};
use keyward_store::{
    admin_key, change_log::Subject, group, member as store, member::NamedApiKey, role_assignment, session,
};
use serde_json::json;

use crate::{
    Error, Keyward, Result,
    change::{Change, Event},
    role_assignment::{Principal, Seat, check_not_last_owner, check_reach_of, roles_of},
};

/// How many of the keys that they made are named.
pub(super) const NAMED_KEYS: i64 = 100;

/// What somebody leaves behind.
#[derive(Debug, Clone)]
pub struct RemovedMember {
    /// The first hundred API keys that they made and that still work.
    pub api_keys: Vec<NamedApiKey>,
    /// How many of those there are.
    pub api_key_count: i64,
}

/// Removes a member who holds no more than the actor does.
pub async fn remove(keyward: &Keyward, actor: &Actor, user: UserId) -> Result<RemovedMember> {
    let mut change = keyward.change(actor, Permission::MembersManage, Scope::Organization).await?;
    let organization = actor.organization;
    let principal = Principal::User(user);
    let found = store::find(&mut change.conn(), organization, user).await?.ok_or(Error::NotFound("user"))?;
    check_reach_of(&mut change, Seat { principal, scope: Scope::Organization }).await?;
    let held = store::held_by(&mut change.conn(), organization, &[user]).await?;
    if held.iter().any(|held| held.role == BuiltIn::OrganizationOwner.id()) {
        check_not_last_owner(&mut change, user).await?;
    }
    let roles = roles_of(&mut change.conn(), organization, held.iter().map(|held| held.role)).await?;
    let role_names = held.iter().filter_map(|held| {
        let role = roles.iter().find(|role| role.id == held.role)?;
        Some(json!({ "role": role.name, "project": held.project_name.as_ref().map(Name::as_str) }))
    });
    let described = json!({
        "email": found.member.user.email, "name": found.member.user.name, "roles": role_names.collect::<Vec<_>>(),
    });
    let now = to_millis(change.now);
    let (api_keys, api_key_count) = store::made_keys(&mut change.conn(), organization, user, now, NAMED_KEYS).await?;
    delete_admin_keys(&mut change, organization, user).await?;
    role_assignment::delete_of(&mut change.conn(), organization, principal, None).await?;
    group::remove_from_all(&mut change.conn(), organization, user).await?;
    session::delete_of_user(&mut change.conn(), user, Some(organization), None).await?;
    store::delete(&mut change.conn(), organization, user).await?;
    change.audit(Event::on("user.deleted", user, &described, &())).await?;
    change.commit().await?;
    Ok(RemovedMember { api_keys, api_key_count })
}

async fn delete_admin_keys(change: &mut Change<'_>, organization: OrganizationId, owner: UserId) -> Result<()> {
    for details in admin_key::of_owner(&mut change.conn(), organization, owner).await? {
        let id = details.key.id;
        role_assignment::delete_of(&mut change.conn(), organization, Principal::AdminKey(id), None).await?;
        admin_key::delete(&mut change.conn(), organization, id).await?;
        change.audit(Event::on("admin_api_key.deleted", id, &details.key, &())).await?;
        change.log(Subject::AdminKey(id)).await?;
    }
    Ok(())
}
