//! Confirming a second factor: from now on it is asked for.

use keyward_domain::{
    Invalid,
    actor::Actor,
    clock::to_millis,
    second_factor::{PresentedCode, RecoveryCode},
};
use keyward_store::second_factor as store;
use secrecy::ExposeSecret;
use serde_json::json;

use super::{draw_recovery_codes, none_there, there_already, unseal};
use crate::{Keyward, Result, account::audit_everywhere, change::Event, session};

/// Takes the first code of the actor's app. Answers their recovery codes, the
/// only time that they are shown.
pub async fn confirm(keyward: &Keyward, actor: &Actor, code: &str) -> Result<Vec<RecoveryCode>> {
    let (user, _) = session::of(actor)?;
    let mut change = keyward.own_change(actor).await?;
    let factor = store::find(&mut change.conn(), user).await?.ok_or_else(none_there)?;
    if factor.confirmed_at.is_some() {
        return Err(there_already());
    }
    let step = match PresentedCode::parse(code) {
        Some(PresentedCode::Totp(code)) => {
            let secret = unseal(keyward, user, &factor.wrapped_secret)?;
            secret.matching_step(code.expose_secret(), change.now, factor.last_step)
        }
        _ => None,
    };
    let step = step.ok_or_else(|| {
        let message = "code isn't what your authenticator app should show now. Check that the clock of its device is right, and type the six digits that it shows for Keyward.";
        Invalid::new("code", message).code("invalid_second_factor")
    })?;
    let now = to_millis(change.now);
    store::confirm(&mut change.conn(), user, now, step).await?;
    let codes = draw_recovery_codes(&mut change, user).await?;
    let (off, on) = (json!({ "second_factor": "off" }), json!({ "second_factor": "on" }));
    audit_everywhere(&mut change, user, || Event::on("user.updated", user, &off, &on)).await?;
    change.commit().await?;
    Ok(codes)
}
