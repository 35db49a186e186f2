//! The end of sessions: signing out, and sweeping up what is over.

use std::time::Duration;

use keyward_domain::{
    Timestamp,
    actor::{Identity, RequestOrigin},
    clock::to_millis,
    secret::Token,
};
use keyward_store::{organization, session as store};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{IDLE, PURPOSE, is_over, newcomer};
use crate::{
    Keyward, Result,
    change::{Change, Event},
};

/// How often what is over is deleted.
const SWEEP: Duration = Duration::from_hours(1);

/// Ends the session with that secret. If there is none, all is as it should be.
pub async fn sign_out(keyward: &Keyward, token: &Token, origin: RequestOrigin) -> Result<()> {
    let digest = token.digest(PURPOSE, &keyward.vault.pepper);
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    let now = keyward.now();
    let Some(session) = store::find_by_digest(conn, &digest.0).await?.filter(|session| !is_over(session, now)) else {
        return Ok(());
    };
    let Some(user) = organization::find_user(conn, session.user).await? else { return Ok(()) };
    drop(connection);
    let mut actor = newcomer(session.organization, &user, origin);
    actor.identity = Identity::User { id: user.id, email: user.email, session: Some(session.id) };
    let mut change = keyward.record(&actor).await?;
    if store::find(&mut change.conn(), session.id).await?.is_none() {
        return Ok(());
    }
    store::delete(&mut change.conn(), session.id).await?;
    change.audit(Event::on("logout.succeeded", session.id, &(), &json!({}))).await?;
    change.commit().await
}

/// Ends the session with that secret within a change, whoever's it is.
pub(crate) async fn end_by_token(change: &mut Change<'_>, token: &Token) -> Result<()> {
    let digest = token.digest(PURPOSE, &change.keyward.vault.pepper);
    if let Some(session) = store::find_by_digest(&mut change.conn(), &digest.0).await? {
        store::delete(&mut change.conn(), session.id).await?;
    }
    Ok(())
}

/// Deletes sessions that open nothing any more; answers how many.
pub async fn delete_over(keyward: &Keyward) -> Result<u64> {
    let now = keyward.now();
    let idle = now.checked_sub(IDLE).unwrap_or(Timestamp::MIN);
    let mut connection = keyward.pool.write().await?;
    Ok(store::delete_over(&mut connection.conn(), to_millis(now), to_millis(idle)).await?)
}

/// Deletes sessions that are over every hour, until `stop`.
pub async fn keep_deleting_over(keyward: Keyward, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(SWEEP)).await.is_some() {
        if let Err(error) = delete_over(&keyward).await {
            tracing::warn!(%error, "sessions that are over can't be deleted: it is tried again in an hour");
        }
    }
}
