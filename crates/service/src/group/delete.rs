//! Deleting a group: its members lose what they held through it.

use keyward_domain::{actor::Actor, id::GroupId, permission::Permission, role::Scope};
use keyward_store::{group as store, role_assignment};

use super::{find_in, members::check_member_of};
use crate::{Keyward, Result, change::Event, role_assignment::Principal};

/// Deletes a group, also one that holds roles and has members.
pub async fn delete(keyward: &Keyward, actor: &Actor, id: GroupId) -> Result<()> {
    let mut change = keyward.change(actor, Permission::GroupsManage, Scope::Organization).await?;
    let organization = actor.organization;
    let group = find_in(&mut change.conn(), organization, id).await?;
    let members = store::all_members(&mut change.conn(), &group).await?;
    check_member_of(&mut change, &group, &members).await?;
    role_assignment::delete_of(&mut change.conn(), organization, Principal::Group(id), None).await?;
    store::delete(&mut change.conn(), organization, id).await?;
    change.audit(Event::on("group.deleted", id, &group, &())).await?;
    change.commit().await
}
