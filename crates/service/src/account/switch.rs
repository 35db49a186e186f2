//! Going to another organization that one belongs to.

use keyward_domain::{actor::Actor, id::OrganizationId};
use keyward_store::user_organizations;
use serde_json::json;

use crate::{
    Error, Keyward, Result,
    change::Event,
    session::{self, Welcome},
    sign_in::{may_come_by_password, note_success, sso_required},
};

/// Moves the actor's session to another organization. It gets another secret,
/// since it opens something else now.
pub async fn switch_organization(keyward: &Keyward, actor: &Actor, to: OrganizationId) -> Result<Welcome> {
    let (user, _) = session::of(actor)?;
    let mut change = keyward.own_change(actor).await?;
    let present = session::present(&mut change).await?;
    let places = user_organizations::all(&mut change.conn(), user.into()).await?;
    let place = places.into_iter().find(|place| place.organization.id == to && place.is_enabled);
    let place = place.ok_or(Error::NotFound("organization"))?;
    if present.sso_provider.is_some() {
        if to != present.organization {
            return Err(Error::Forbidden {
                code: "sign_in_again",
                message: "Your organization vouches for you within itself only. Sign in to the other one by itself."
                    .into(),
            });
        }
    } else if !may_come_by_password(&mut change, &place, user).await? {
        return Err(sso_required());
    }
    change.audit(Event::on("logout.succeeded", present.id, &(), &json!({ "to": to }))).await?;
    let from = present.organization;
    let welcome = session::rotate(&mut change, present, to).await?;
    note_success(&mut change, &welcome, &json!({ "method": "switch", "from": from })).await?;
    change.commit().await?;
    Ok(welcome)
}
