//! Deleting a role. One that somebody holds goes only if another takes its
//! place, so that nobody loses or gains anything unnoticed.

use keyward_domain::{
    Invalid,
    access::Access,
    actor::Actor,
    assignment::{Holder, check_holder},
    clock::to_millis,
    id::RoleId,
    permission::Permission,
    role::{BuiltIn, Role, Scope},
};
use keyward_store::{
    role as store,
    role_assignment::{self, Assignment, Principal},
};
use serde_json::json;

use super::{custom, find_at, find_to_give};
use crate::{
    Error, Keyward, Result,
    authorize::{authorize, check_grant, check_role_reach},
    change::{Change, Event},
    error::check_version,
    place::find_place,
    role_assignment::given_event,
};

const REPLACEMENT: &str = "replacement_role_id";

/// Which role goes, and what comes instead.
#[derive(Debug, Clone)]
pub struct DeleteRole {
    /// Where it belongs.
    pub scope: Scope,
    /// The role.
    pub role: RoleId,
    /// What those who hold it will hold instead; takes the permission to assign
    /// roles.
    pub replacement: Option<RoleId>,
    /// The version that the caller read.
    pub expected_version: Option<i64>,
}

/// Deletes a custom role.
pub async fn delete(keyward: &Keyward, actor: &Actor, command: DeleteRole) -> Result<()> {
    let scope = command.scope;
    let mut change = keyward.change(actor, Permission::RolesManage, scope).await?;
    let project = find_place(&mut change.conn(), actor.organization, scope).await?;
    let role = find_at(&mut change.conn(), actor.organization, scope, command.role).await?;
    check_version(command.expected_version, custom(&role)?.version)?;
    check_role_reach(&change.actor, &Access::of_role(&role, scope))?;
    let holders = role_assignment::of_role(&mut change.conn(), actor.organization, role.id).await?;
    let replacement = match command.replacement {
        Some(id) => Some(replacement(&mut change, scope, &role, id).await?),
        None if holders.is_empty() => None,
        None => return Err(in_use(&role, &holders)),
    };
    role_assignment::delete_of_role(&mut change.conn(), actor.organization, role.id).await?;
    let after = replacement.as_ref().map(|role| json!({ "replacement_role_id": role.id, "replacement": role.name }));
    change.audit(Event::on("role.deleted", role.id, &role.state(), &after).within(&project)).await?;
    if let Some(replacement) = replacement {
        for holder in holders {
            let assignment = Assignment {
                role: replacement.id,
                created_by: actor.user(),
                created_at: to_millis(change.now),
                ..holder
            };
            if role_assignment::insert(&mut change.conn(), actor.organization, &assignment).await? {
                change.audit(given_event(holder.principal, &replacement).within(&project)).await?;
            }
        }
    }
    store::delete(&mut change.conn(), actor.organization, role.id).await?;
    change.commit().await
}

/// The role that comes instead, if the actor may give it.
async fn replacement(change: &mut Change<'_>, scope: Scope, role: &Role, id: RoleId) -> Result<Role> {
    let actor = change.actor.clone();
    authorize(&actor, Permission::RolesAssign, scope)?;
    let replacement = find_to_give(&mut change.conn(), &actor, scope, id).await?;
    if replacement.id == role.id {
        let message = format!("{REPLACEMENT} is the role itself: name another one.");
        return Err(Invalid::new(REPLACEMENT, message).into());
    }
    check_holder(REPLACEMENT, &replacement, scope, Holder::User)?;
    if replacement.built_in() == Some(BuiltIn::OrganizationOwner) {
        let message = "Owners are made one by one: name another replacement.";
        return Err(Invalid::new(REPLACEMENT, message).code("owner_for_people_only").into());
    }
    check_grant(&actor, &Access::of_role(&replacement, scope))?;
    Ok(replacement)
}

fn in_use(role: &Role, holders: &[Assignment]) -> Error {
    let mut principals: Vec<_> = holders.iter().map(|holder| holder.principal).collect();
    principals.sort_unstable();
    principals.dedup();
    let count = |is_it: fn(&Principal) -> bool, one: &str, many: &str| {
        let count = principals.iter().filter(|principal| is_it(principal)).count();
        (count > 0).then(|| format!("{count} {}", if count == 1 { one } else { many }))
    };
    let counts: Vec<_> = [
        count(|principal| matches!(principal, Principal::User(_)), "member", "members"),
        count(|principal| matches!(principal, Principal::Group(_)), "group", "groups"),
        count(|principal| matches!(principal, Principal::AdminKey(_)), "admin key", "admin keys"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let (held_by, verb) = (counts.join(" and "), if principals.len() == 1 { "holds" } else { "hold" });
    Error::Conflict {
        code: "role_in_use",
        param: Some(REPLACEMENT),
        message: format!(
            "{held_by} {verb} the role {:?}. Name what they hold instead (?{REPLACEMENT}=role_…), or take it from them first.",
            role.name.as_str()
        ),
    }
}
