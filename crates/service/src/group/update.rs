//! Renaming a group.

use keyward_domain::{Name, actor::Actor, group::Group, id::GroupId, permission::Permission, role::Scope};
use keyward_store::group as store;

use super::{find_in, refuse_taken};
use crate::{
    Keyward, Result,
    change::Event,
    role_assignment::{Principal, Seat, check_reach_of},
};

/// Gives a group another name. The same name again leaves no trace.
pub async fn update(keyward: &Keyward, actor: &Actor, id: GroupId, name: Name) -> Result<Group> {
    let mut change = keyward.change(actor, Permission::GroupsManage, Scope::Organization).await?;
    let before = find_in(&mut change.conn(), actor.organization, id).await?;
    check_reach_of(&mut change, Seat { principal: Principal::Group(id), scope: Scope::Organization }).await?;
    let after = Group { name, ..before.clone() };
    if after == before {
        return Ok(before);
    }
    store::update(&mut change.conn(), &after).await.map_err(refuse_taken(&after.name))?;
    change.audit(Event::on("group.updated", id, &before, &after)).await?;
    change.commit().await?;
    Ok(after)
}
