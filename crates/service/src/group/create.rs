//! Creating a group. A new one holds nothing and nobody.

use keyward_domain::{Name, actor::Actor, group::Group, id::GroupId, permission::Permission, role::Scope};
use keyward_store::group as store;

use super::refuse_taken;
use crate::{Keyward, Result, change::Event, idempotency::Idempotency};

/// What the group will be.
#[derive(Debug, Clone)]
pub struct CreateGroup {
    /// Unique in the organization.
    pub name: Name,
    /// Guards against creating twice.
    pub idempotency: Option<Idempotency>,
}

/// Makes a group.
pub async fn create(keyward: &Keyward, actor: &Actor, command: CreateGroup) -> Result<Group> {
    let mut change = keyward.change(actor, Permission::GroupsManage, Scope::Organization).await?;
    let id = keyward.new_id(GroupId::generate);
    change.once(command.idempotency.as_ref(), id).await?;
    let group = Group { id, organization: actor.organization, name: command.name, created_at: change.now };
    store::insert(&mut change.conn(), &group).await.map_err(refuse_taken(&group.name))?;
    change.audit(Event::on("group.created", id, &(), &group)).await?;
    change.commit().await?;
    Ok(group)
}
