//! Using a link: the new password, and every session ends.

use keyward_domain::{
    Timestamp, actor::RequestOrigin, clock::to_millis, organization::User, password::Password, secret::Token,
};
use keyward_store::{Conn, one_time_link, organization, session as sessions, user_organizations};
use serde_json::json;

use super::KIND;
use crate::{Error, Keyward, Result, change::Event, password, session::newcomer};

/// A new password, with the link that allows it.
#[derive(Debug, Clone)]
pub struct CompletePasswordReset {
    /// The link's token.
    pub token: Token,
    /// The new password.
    pub new_password: Password,
    /// Where the request came from.
    pub origin: RequestOrigin,
}

/// Whose password a link sets anew.
pub async fn describe(keyward: &Keyward, token: &Token) -> Result<User> {
    let digest = keyward.link_digest(KIND, token).0;
    opened_by(&mut keyward.read().await?.conn(), &digest, keyward.now()).await
}

/// Sets the password anew. All sessions of the user end; signing in comes
/// afterwards, with the second factor if there is one.
pub async fn complete(keyward: &Keyward, command: CompletePasswordReset) -> Result<()> {
    let CompletePasswordReset { token, new_password, origin } = command;
    let digest = keyward.link_digest(KIND, &token).0;
    let (user, places) = {
        let mut connection = keyward.read().await?;
        let conn = &mut connection.conn();
        let user = opened_by(conn, &digest, keyward.now()).await?;
        let places = user_organizations::all(conn, Some(user.id)).await?;
        (user, places)
    };
    let Some(first) = places.first() else { return Err(Error::InvalidLink) };
    let personal = [user.email.as_str(), user.name.as_str()];
    let hash = password::new_hash(keyward, "new_password", new_password, &personal).await?;
    let mut change = keyward.own_change(&newcomer(first.organization.id, &user, origin)).await?;
    let now = change.now;
    // Whoever used the link meanwhile was first.
    let user = opened_by(&mut change.conn(), &digest, now).await?;
    one_time_link::delete_of_user(&mut change.conn(), KIND.purpose(), user.id).await?;
    keyward_store::password::put(&mut change.conn(), user.id, &hash, to_millis(now)).await?;
    sessions::delete_of_user(&mut change.conn(), user.id, None, None).await?;
    let changed = json!({ "password": "changed" });
    for place in user_organizations::all(&mut change.conn(), Some(user.id)).await? {
        // Each organization of theirs is told in its own log.
        change.actor.organization = place.organization.id;
        change.audit(Event::on("user.updated", user.id, &(), &changed)).await?;
    }
    change.commit().await
}

/// Whose password the link sets anew at `now`. A link that is older than the
/// password opens nothing.
async fn opened_by(conn: &mut Conn<'_>, digest: &[u8], now: Timestamp) -> Result<User> {
    let found = one_time_link::find(conn, KIND.purpose(), digest).await?;
    let link = found.filter(|link| to_millis(now) < link.expires_at).ok_or(Error::InvalidLink)?;
    let user = link.user.ok_or(Error::InvalidLink)?;
    let changed_at = keyward_store::password::changed_at(conn, user).await?;
    let is_older = changed_at.is_some_and(|changed_at| changed_at > link.created_at);
    let places = user_organizations::all(conn, Some(user)).await?;
    if is_older || !places.iter().any(|place| place.is_enabled) {
        return Err(Error::InvalidLink);
    }
    organization::find_user(conn, user).await?.ok_or(Error::InvalidLink)
}
