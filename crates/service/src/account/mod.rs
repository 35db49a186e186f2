//! What is a person's own: who they are here, their name, their password, their
//! sessions, the organization that they look at. Only a session opens it.

mod find;
mod password;
mod rename;
mod sessions;
mod switch;

use keyward_domain::id::UserId;

pub(crate) use self::password::confirm_password;
pub use self::{
    find::{Account, find},
    password::{ChangePassword, change_password},
    rename::rename,
    sessions::{end_other_sessions, end_session, sessions},
    switch::switch_organization,
};
use crate::{
    Result,
    change::{Change, Event},
};

/// Writes an event about a user into the log of every organization that knows
/// them: what it is about belongs to none of them alone.
pub(crate) async fn audit_everywhere(
    change: &mut Change<'_>,
    user: UserId,
    event: impl Fn() -> Event<'static>,
) -> Result<()> {
    let here = change.actor.organization;
    for place in keyward_store::user_organizations::all(&mut change.conn(), user.into()).await? {
        change.actor.organization = place.organization.id;
        change.audit(event()).await?;
    }
    change.actor.organization = here;
    Ok(())
}
