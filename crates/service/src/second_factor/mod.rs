//! The second factor of a user: begun, confirmed with a first code, and from
//! then on asked for whenever they sign in with their password.

mod confirm;
mod recovery_codes;
mod remove;
mod start;

use keyward_domain::{
    id::UserId,
    second_factor::{PresentedCode, RecoveryCode, TotpSecret},
};
use keyward_store::second_factor as store;
use secrecy::ExposeSecret;

pub use self::{
    confirm::confirm,
    recovery_codes::renew_recovery_codes,
    remove::{remove, remove_of},
    start::{Started, start},
};
use crate::{
    Error, Keyward, Result,
    change::Change,
    sign_in::{invalid_second_factor, second_factor_required},
};

/// What the sealed secret of a user is bound to.
fn place(user: UserId) -> String {
    format!("second factor of {user}")
}

fn unseal(keyward: &Keyward, user: UserId, wrapped: &[u8]) -> Result<TotpSecret> {
    let unreadable = || Error::Undecryptable(format!("the second factor of {user}"));
    let text = keyward.vault.unseal(&place(user), wrapped).map_err(|_| unreadable())?;
    TotpSecret::from_hex(text.expose_secret()).ok_or_else(unreadable)
}

/// Checks the second factor of somebody whose password was right, and uses the
/// code up: none opens twice, since changes wait for each other. Answers which
/// it was; `None` if the user has none.
pub(crate) async fn check(
    change: &mut Change<'_>,
    user: UserId,
    is_given: bool,
    code: Option<PresentedCode>,
) -> Result<Option<&'static str>> {
    let factor = store::find(&mut change.conn(), user).await?.filter(|factor| factor.confirmed_at.is_some());
    let Some(factor) = factor else { return Ok(None) };
    if !is_given {
        return Err(second_factor_required());
    }
    let used = match code {
        Some(PresentedCode::Totp(code)) => {
            let secret = unseal(change.keyward, user, &factor.wrapped_secret)?;
            match secret.matching_step(code.expose_secret(), change.now, factor.last_step) {
                Some(step) => store::use_step(&mut change.conn(), user, step).await?.then_some("totp"),
                None => None,
            }
        }
        Some(PresentedCode::Recovery(code)) => {
            let digest = code.digest(user, &change.keyward.vault.pepper);
            store::use_recovery_code(&mut change.conn(), user, &digest.0).await?.then_some("recovery_code")
        }
        None => None,
    };
    used.map(Some).ok_or_else(invalid_second_factor)
}

/// Draws recovery codes in place of all before.
async fn draw_recovery_codes(change: &mut Change<'_>, user: UserId) -> Result<Vec<RecoveryCode>> {
    let keyward = change.keyward;
    let codes: Vec<_> = (0..RecoveryCode::COUNT).map(|_| RecoveryCode::generate(&*keyward.randomness)).collect();
    let digests: Vec<_> = codes.iter().map(|code| code.digest(user, &keyward.vault.pepper).0).collect();
    store::put_recovery_codes(&mut change.conn(), user, &digests).await?;
    Ok(codes)
}

fn none_there() -> Error {
    Error::NotFound("second factor")
}

fn there_already() -> Error {
    Error::Conflict {
        code: "second_factor_exists",
        param: None,
        message: "You have a second factor already. Remove it before you set another one up.".into(),
    }
}
