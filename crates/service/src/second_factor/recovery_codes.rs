//! New recovery codes, for when the old ones are used up or were seen.

use keyward_domain::{actor::Actor, password::Password, second_factor::RecoveryCode};
use keyward_store::second_factor as store;
use serde_json::json;

use super::{draw_recovery_codes, none_there};
use crate::{
    Keyward, Result,
    account::{audit_everywhere, confirm_password},
    change::Event,
};

/// Draws new recovery codes for the actor; the old ones open nothing any more.
pub async fn renew_recovery_codes(keyward: &Keyward, actor: &Actor, password: Password) -> Result<Vec<RecoveryCode>> {
    let confirmed = confirm_password(keyward, actor, password).await?;
    let mut change = keyward.own_change(actor).await?;
    confirmed.still_holds(&mut change).await?;
    let user = confirmed.user.id;
    let factor = store::find(&mut change.conn(), user).await?;
    factor.filter(|factor| factor.confirmed_at.is_some()).ok_or_else(none_there)?;
    let codes = draw_recovery_codes(&mut change, user).await?;
    let renewed = json!({ "recovery_codes": "renewed" });
    audit_everywhere(&mut change, user, || Event::on("user.updated", user, &(), &renewed)).await?;
    change.commit().await?;
    Ok(codes)
}
