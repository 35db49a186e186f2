//! Changing what a member of a project holds there.

use keyward_domain::{
    actor::Actor,
    id::{ProjectId, RoleId, UserId},
    permission::Permission,
    role::Scope,
};
use serde_json::json;

use super::{ProjectMemberDetails, find_in, role_to_give, seat};
use crate::{
    Keyward, Result,
    change::Event,
    place::find_place,
    role_assignment::{check_reach_of, held_directly, replace},
};

/// Puts one role in the place of all that a member holds in the project
/// directly; `None` changes nothing.
pub async fn update(
    keyward: &Keyward,
    actor: &Actor,
    project: ProjectId,
    user: UserId,
    role: Option<RoleId>,
) -> Result<ProjectMemberDetails> {
    let scope = Scope::Project(project);
    let mut change = keyward.change(actor, Permission::MembersManage, scope).await?;
    let place = find_place(&mut change.conn(), actor.organization, scope).await?;
    let before = find_in(&mut change.conn(), actor, project, user).await?;
    let Some(role) = role else { return Ok(before) };
    let seat = seat(project, user);
    let role = role_to_give(&mut change, seat, role).await?;
    check_reach_of(&mut change, seat).await?;
    let held = held_directly(&mut change.conn(), actor.organization, seat).await?;
    let is_changed = replace(&mut change, seat, Some(&role), place.as_ref()).await?;
    if is_changed {
        let names: Vec<_> = held.iter().map(|(role, _)| role.name.as_str()).collect();
        let (before, after) = (json!({ "roles": names }), json!({ "roles": [role.name.as_str()] }));
        change.audit(Event::on("user.updated", user, &before, &after).within(&place)).await?;
    }
    let after = find_in(&mut change.conn(), actor, project, user).await?;
    if is_changed {
        change.commit().await?;
    }
    Ok(after)
}
