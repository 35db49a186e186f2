//! Changing one's own password, and proving with it that it is really oneself
//! who asks: a session alone may be somebody's who found the browser open.

use keyward_domain::{actor::Actor, clock::to_millis, organization::User, password::Password};
use keyward_store::{organization, password as store, session as sessions, user_organizations};
use serde_json::json;

use super::audit_everywhere;
use crate::{
    Error, Keyward, Result,
    change::{Change, Event},
    password,
    session::{self, Welcome},
    sign_in::note_failure,
};

/// From which password to which.
#[derive(Debug, Clone)]
pub struct ChangePassword {
    /// The present one, as it was typed.
    pub current: Password,
    /// The one to be.
    pub new: Password,
}

/// Changes the actor's password. All their other sessions end, and this one
/// gets another secret.
pub async fn change_password(keyward: &Keyward, actor: &Actor, command: ChangePassword) -> Result<Welcome> {
    let confirmed = confirm_password(keyward, actor, command.current).await?;
    let user = &confirmed.user;
    let personal = [user.email.as_str(), user.name.as_str()];
    let hash = password::new_hash(keyward, "new_password", command.new, &personal).await?;
    let mut change = keyward.own_change(actor).await?;
    confirmed.still_holds(&mut change).await?;
    let now = to_millis(change.now);
    store::put(&mut change.conn(), user.id, &hash, now).await?;
    let present = session::present(&mut change).await?;
    sessions::delete_of_user(&mut change.conn(), user.id, None, Some(present.id)).await?;
    let organization = present.organization;
    let welcome = session::rotate(&mut change, present, organization).await?;
    let event = || Event::on("user.updated", user.id, &(), &json!({ "password": "changed" }));
    audit_everywhere(&mut change, user.id, event).await?;
    change.commit().await?;
    Ok(welcome)
}

/// Somebody who has shown their password besides their session.
pub(crate) struct Confirmed {
    pub user: User,
    kept: String,
}

impl Confirmed {
    /// Refuses when the password was changed since it was checked.
    pub async fn still_holds(&self, change: &mut Change<'_>) -> Result<()> {
        let kept = store::find(&mut change.conn(), self.user.id).await?;
        if kept.as_ref() == Some(&self.kept) { Ok(()) } else { Err(wrong_password()) }
    }
}

/// Checks that `password` is the actor's. Whoever guesses waits as they would
/// when signing in.
pub(crate) async fn confirm_password(keyward: &Keyward, actor: &Actor, password: Password) -> Result<Confirmed> {
    let (id, _) = session::of(actor)?;
    let (user, kept, places) = {
        let mut connection = keyward.read().await?;
        let conn = &mut connection.conn();
        let user = organization::find_user(conn, id).await?.ok_or(Error::SignedOut)?;
        (user, store::find(conn, id).await?, user_organizations::all(conn, id.into()).await?)
    };
    let kept = kept.ok_or_else(|| Error::Conflict {
        code: "no_password",
        param: None,
        message: "You have no password here: you come by single sign-on. Have a link sent to set one, if you need it."
            .into(),
    })?;
    let attempt = keyward.begin_attempt(actor.origin.ip, user.email.as_str())?;
    let outcome = match password::is_right(keyward, password, Some(kept.clone())).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(wrong_password()),
        Err(error) => Err(error),
    };
    attempt.settle(&outcome);
    if matches!(outcome, Err(Error::Forbidden { .. })) {
        note_failure(keyward, &user, &places, &actor.origin, "wrong_password_in_session");
    }
    outcome.map(|()| Confirmed { user, kept })
}

fn wrong_password() -> Error {
    Error::Forbidden {
        code: "wrong_password",
        message: "This isn't your password. Type the one that you sign in with.".into(),
    }
}
