//! Creating a role.

use keyward_domain::{
    Name,
    access::Access,
    actor::Actor,
    id::RoleId,
    permission::{Permission, PermissionSet},
    role::{Custom, Role, Scope},
};
use keyward_store::role as store;

use super::{check_name, refuse_taken};
use crate::{Keyward, Result, authorize::check_grant, change::Event, idempotency::Idempotency, place::find_place};

/// What the role will be.
#[derive(Debug, Clone)]
pub struct CreateRole {
    /// Where it belongs and can be held.
    pub scope: Scope,
    /// Unique there, and not a built-in role's.
    pub name: Name,
    /// What it is for; may be empty.
    pub description: String,
    /// What it holds: no more than the actor does.
    pub permissions: PermissionSet,
    /// Guards against creating twice.
    pub idempotency: Option<Idempotency>,
}

/// Makes a custom role, of the organization or of one project.
pub async fn create(keyward: &Keyward, actor: &Actor, command: CreateRole) -> Result<Role> {
    let scope = command.scope;
    let mut change = keyward.change(actor, Permission::RolesManage, scope).await?;
    let project = find_place(&mut change.conn(), actor.organization, scope).await?;
    let id = keyward.new_id(RoleId::generate);
    change.once(command.idempotency.as_ref(), id).await?;
    check_name(&command.name)?;
    check_grant(&change.actor, &Access::of(command.permissions, scope))?;
    let custom = Custom { created_by: actor.user(), created_at: change.now, updated_at: change.now, version: 1 };
    let role = Role {
        id,
        organization: actor.organization,
        project: scope.project(),
        name: command.name,
        description: command.description,
        permissions: command.permissions,
        custom: Some(custom.clone()),
    };
    store::insert(&mut change.conn(), &role, &custom).await.map_err(refuse_taken(&role.name))?;
    change.audit(Event::on("role.created", id, &(), &role.state()).within(&project)).await?;
    change.commit().await?;
    Ok(role)
}
