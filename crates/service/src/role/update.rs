//! Editing a role: whoever holds it holds what it says from the next request
//! on. What owners hold doesn't hang on any custom role, so no edit locks
//! everybody out.

use keyward_domain::{
    Name,
    access::Access,
    actor::Actor,
    id::RoleId,
    permission::{Permission, PermissionSet},
    role::{Custom, Role, Scope},
};
use keyward_store::role as store;

use super::{check_name, custom, find_at, refuse_taken};
use crate::{
    Keyward, Result,
    authorize::{check_grant, check_role_reach},
    change::Event,
    error::check_version,
    place::find_place,
};

/// What changes: `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct UpdateRole {
    /// A new name.
    pub name: Option<Name>,
    /// A new description.
    pub description: Option<String>,
    /// What it holds from now on.
    pub permissions: Option<PermissionSet>,
    /// The version that the caller read.
    pub expected_version: Option<i64>,
}

/// Edits a custom role that holds, before and after, no more than the actor
/// does. An edit that changes nothing leaves no trace.
pub async fn update(keyward: &Keyward, actor: &Actor, scope: Scope, id: RoleId, command: UpdateRole) -> Result<Role> {
    let mut change = keyward.change(actor, Permission::RolesManage, scope).await?;
    let project = find_place(&mut change.conn(), actor.organization, scope).await?;
    let before = find_at(&mut change.conn(), actor.organization, scope, id).await?;
    let was = custom(&before)?;
    check_version(command.expected_version, was.version)?;
    check_role_reach(&change.actor, &Access::of_role(&before, scope))?;
    let mut after = before.clone();
    if let Some(name) = command.name {
        check_name(&name)?;
        after.name = name;
    }
    if let Some(description) = command.description {
        after.description = description;
    }
    if let Some(permissions) = command.permissions {
        after.permissions = permissions;
    }
    if after == before {
        return Ok(before);
    }
    check_grant(&change.actor, &Access::of_role(&after, scope))?;
    let is = Custom { updated_at: change.now, version: was.version + 1, ..was };
    after.custom = Some(is.clone());
    store::update(&mut change.conn(), &after, &is).await.map_err(refuse_taken(&after.name))?;
    change.audit(Event::on("role.updated", id, &before.state(), &after.state()).within(&project)).await?;
    change.commit().await?;
    Ok(after)
}
