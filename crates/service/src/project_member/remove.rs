//! Taking a member out of a project. What they hold through groups or through
//! the organization they keep.

use keyward_domain::{
    actor::Actor,
    id::{ProjectId, UserId},
    permission::Permission,
    role::Scope,
};
use serde_json::json;

use super::{find_in, seat};
use crate::{
    Keyward, Result,
    change::Event,
    place::find_place,
    role_assignment::{check_reach_of, held_directly, managed_by_sso, replace},
};

/// Takes all that a member holds in the project directly.
pub async fn remove(keyward: &Keyward, actor: &Actor, project: ProjectId, user: UserId) -> Result<()> {
    let scope = Scope::Project(project);
    let mut change = keyward.change(actor, Permission::MembersManage, scope).await?;
    let place = find_place(&mut change.conn(), actor.organization, scope).await?;
    let member = find_in(&mut change.conn(), actor, project, user).await?.member;
    let seat = seat(project, user);
    check_reach_of(&mut change, seat).await?;
    let held = held_directly(&mut change.conn(), actor.organization, seat).await?;
    if held.iter().any(|(_, source)| source.is_some()) {
        return Err(managed_by_sso("This membership"));
    }
    replace(&mut change, seat, None, place.as_ref()).await?;
    let names: Vec<_> = held.iter().map(|(role, _)| role.name.as_str()).collect();
    let described = json!({ "email": member.user.email, "name": member.user.name, "roles": names });
    change.audit(Event::on("user.deleted", user, &described, &()).within(&place)).await?;
    change.commit().await
}
