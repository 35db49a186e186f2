//! Who is in a group: putting in and taking out by hand, looking up.

use keyward_domain::{
    actor::Actor,
    clock::to_millis,
    group::Group,
    id::{GroupId, UserId},
    organization::User,
    page::{Listed, Page},
    permission::Permission,
    role::Scope,
};
use keyward_store::{group as store, organization};
use serde_json::json;

use super::find_in;
use crate::{
    Error, Keyward, Result,
    authorize::{authorize, check_grant, check_reach},
    change::{Change, Event},
    role_assignment::{Principal, access_of, managed_by_sso},
};

/// Refuses to change who is in a group that holds more than the actor, or of
/// which somebody concerned does.
pub(super) async fn check_member_of(change: &mut Change<'_>, group: &Group, concerned: &[UserId]) -> Result<()> {
    let (actor, organization) = (change.actor.clone(), change.actor.organization);
    let given = access_of(&mut change.conn(), organization, Principal::Group(group.id)).await?;
    check_grant(&actor, &given)?;
    for user in concerned {
        let held = access_of(&mut change.conn(), organization, Principal::User(*user)).await?;
        check_reach(&actor, &held)?;
    }
    Ok(())
}

/// Puts a member of the organization into a group. Twice is not an error.
pub async fn add_member(keyward: &Keyward, actor: &Actor, id: GroupId, user: UserId) -> Result<()> {
    let mut change = keyward.change(actor, Permission::GroupsManage, Scope::Organization).await?;
    let group = find_in(&mut change.conn(), actor.organization, id).await?;
    let user = organization::find_member(&mut change.conn(), actor.organization, user).await?;
    let user = user.ok_or(Error::NotFound("user"))?;
    check_member_of(&mut change, &group, &[user.id]).await?;
    let now = to_millis(change.now);
    if store::add_member(&mut change.conn(), &group, user.id, None, now).await? {
        change.audit(membership("group.member.added", &group, &user, true)).await?;
        change.commit().await?;
    }
    Ok(())
}

/// Takes somebody out of a group.
pub async fn remove_member(keyward: &Keyward, actor: &Actor, id: GroupId, user: UserId) -> Result<()> {
    let mut change = keyward.change(actor, Permission::GroupsManage, Scope::Organization).await?;
    let group = find_in(&mut change.conn(), actor.organization, id).await?;
    let user = organization::find_member(&mut change.conn(), actor.organization, user).await?;
    let user = user.ok_or(Error::NotFound("user"))?;
    let reasons = store::reasons(&mut change.conn(), &group, user.id).await?;
    if reasons.is_empty() {
        return Err(Error::NotFound("member of the group"));
    }
    if reasons.iter().any(Option::is_some) {
        return Err(managed_by_sso("This membership"));
    }
    check_member_of(&mut change, &group, &[user.id]).await?;
    store::remove_member(&mut change.conn(), &group, user.id, None).await?;
    change.audit(membership("group.member.removed", &group, &user, false)).await?;
    change.commit().await
}

fn membership<'a>(event_type: &'static str, group: &Group, user: &User, is_added: bool) -> Event<'a> {
    let who = json!({ "user_id": user.id, "email": user.email });
    let mut event =
        if is_added { Event::on(event_type, group.id, &(), &who) } else { Event::on(event_type, group.id, &who, &()) };
    event.targets.push(user.id.to_string());
    event
}

/// One page of a group's members.
pub async fn list_members(keyward: &Keyward, actor: &Actor, id: GroupId, page: Page<UserId>) -> Result<Listed<User>> {
    authorize(actor, Permission::GroupsRead, Scope::Organization)?;
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    let group = find_in(conn, actor.organization, id).await?;
    Ok(store::members(conn, &group, &page).await??)
}

/// One member of a group.
pub async fn find_member(keyward: &Keyward, actor: &Actor, id: GroupId, user: UserId) -> Result<User> {
    authorize(actor, Permission::GroupsRead, Scope::Organization)?;
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    let group = find_in(conn, actor.organization, id).await?;
    if store::reasons(conn, &group, user).await?.is_empty() {
        return Err(Error::NotFound("member of the group"));
    }
    organization::find_member(conn, actor.organization, user).await?.ok_or(Error::NotFound("user"))
}
