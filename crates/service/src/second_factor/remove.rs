//! Removing a second factor: one's own, or that of somebody who has lost both
//! their telephone and their recovery codes.

use keyward_domain::{actor::Actor, id::UserId, password::Password, permission::Permission, role::Scope};
use keyward_store::{access, organization, second_factor as store, user_organizations};
use serde_json::json;

use super::none_there;
use crate::{
    Error, Keyward, Result,
    account::{audit_everywhere, confirm_password},
    authorize::check_reach,
    change::{Change, Event},
};

/// Removes the actor's own second factor, also one that wasn't confirmed.
pub async fn remove(keyward: &Keyward, actor: &Actor, password: Password) -> Result<()> {
    let confirmed = confirm_password(keyward, actor, password).await?;
    let mut change = keyward.own_change(actor).await?;
    confirmed.still_holds(&mut change).await?;
    delete(&mut change, confirmed.user.id).await?;
    change.commit().await
}

/// Removes the second factor of a member. It protects whatever the member may
/// do, so it takes somebody who may do all of that; nobody is that for a member
/// of two organizations.
pub async fn remove_of(keyward: &Keyward, actor: &Actor, user: UserId) -> Result<()> {
    let mut change = keyward.change(actor, Permission::MembersManage, Scope::Organization).await?;
    let here = change.actor.organization;
    let member = organization::find_member(&mut change.conn(), here, user).await?;
    member.ok_or(Error::NotFound("user"))?;
    let held = access::of_member(&mut change.conn(), here, user).await?;
    check_reach(&change.actor, &held)?;
    let places = user_organizations::all(&mut change.conn(), user.into()).await?;
    if places.iter().any(|place| place.organization.id != here) {
        return Err(Error::Conflict {
            code: "member_elsewhere",
            param: None,
            message: "This user belongs to another organization too, which their second factor protects as well: only they can remove it, with their password and a recovery code.".into(),
        });
    }
    delete(&mut change, user).await?;
    change.commit().await
}

async fn delete(change: &mut Change<'_>, user: UserId) -> Result<()> {
    let factor = store::find(&mut change.conn(), user).await?.ok_or_else(none_there)?;
    store::delete(&mut change.conn(), user).await?;
    if factor.confirmed_at.is_none() {
        return Ok(());
    }
    let (on, off) = (json!({ "second_factor": "on" }), json!({ "second_factor": "off" }));
    audit_everywhere(change, user, || Event::on("user.updated", user, &on, &off)).await
}
