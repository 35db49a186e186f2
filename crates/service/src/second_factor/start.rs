//! Setting a second factor up: a secret for an authenticator app. It counts
//! only when a first code has shown that the app has it.

use keyward_domain::{actor::Actor, password::Password, second_factor::TotpSecret};
use keyward_store::second_factor as store;
use zeroize::Zeroizing;

use super::{place, there_already};
use crate::{Keyward, Result, account::confirm_password};

/// What goes into an authenticator app, shown this once.
pub struct Started {
    /// To be typed.
    pub secret: Zeroizing<String>,
    /// To be read as a QR code.
    pub uri: Zeroizing<String>,
}

/// Draws a secret for the actor, in place of one that was never confirmed.
pub async fn start(keyward: &Keyward, actor: &Actor, password: Password) -> Result<Started> {
    let confirmed = confirm_password(keyward, actor, password).await?;
    let mut change = keyward.own_change(actor).await?;
    confirmed.still_holds(&mut change).await?;
    let user = &confirmed.user;
    let secret = TotpSecret::generate(&*keyward.randomness);
    let wrapped = keyward.vault.seal(&place(user.id), &secret.to_hex().as_str().into(), &*keyward.randomness);
    if !store::begin(&mut change.conn(), user.id, &wrapped).await? {
        return Err(there_already());
    }
    change.commit().await?;
    Ok(Started { secret: secret.base32(), uri: secret.uri(&user.email) })
}
