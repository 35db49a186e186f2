//! A link that an administrator hands over, where no mail is sent.

use keyward_domain::{Timestamp, actor::Actor, id::UserId, permission::Permission, role::Scope};
use keyward_store::{organization, user_organizations};
use serde_json::json;

use super::make_link;
use crate::{Error, Keyward, Result, authorize::check_reach, change::Event, link::Link};

/// A link for somebody, shown this once.
#[derive(Debug, Clone)]
pub struct HandedLink {
    /// The link.
    pub link: Link,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// Makes a link for a member who may do no more than the actor, and who is a
/// member of no other organization: another tenant's account isn't theirs to
/// open.
pub async fn hand_over(keyward: &Keyward, actor: &Actor, user: UserId) -> Result<HandedLink> {
    let mut change = keyward.change(actor, Permission::MembersManage, Scope::Organization).await?;
    let organization = actor.organization;
    let found = organization::find_member(&mut change.conn(), organization, user).await?;
    let user = found.ok_or(Error::NotFound("user"))?;
    let asking = change.actor.clone();
    let held = keyward_store::access::of_member(&mut change.conn(), organization, user.id).await?;
    check_reach(&asking, &held)?;
    let places = user_organizations::all(&mut change.conn(), Some(user.id)).await?;
    if places.iter().any(|place| place.organization.id != organization) {
        return Err(Error::Forbidden {
            code: "member_of_other_organizations",
            message: "This user is a member of other organizations too: their account isn't yours alone to open. They can ask for a link by mail themselves.".into(),
        });
    }
    if !places.iter().any(|place| place.is_enabled) {
        return Err(Error::Conflict {
            code: "user_disabled",
            param: None,
            message: "This user is disabled: a link would open nothing. Enable them first.".into(),
        });
    }
    let (link, expires_at) = make_link(&mut change, user.id).await?;
    let made = json!({ "password_reset_link": "made", "expires_at": expires_at.as_second() });
    change.audit(Event::on("user.updated", user.id, &(), &made)).await?;
    change.commit().await?;
    Ok(HandedLink { link, expires_at })
}
