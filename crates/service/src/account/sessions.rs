//! One's own sessions: where one is signed in, and ending that.

use keyward_domain::{actor::Actor, id::SessionId};
use keyward_store::session as store;
use serde_json::json;

use crate::{
    Error, Keyward, Result,
    change::Event,
    session::{self, Session, is_over},
};

/// Where the actor is signed in, the latest first.
pub async fn sessions(keyward: &Keyward, actor: &Actor) -> Result<Vec<Session>> {
    let (user, id) = session::of(actor)?;
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    let present = store::find(conn, id).await?.ok_or(Error::SignedOut)?;
    let mut sessions = store::of_user(conn, user).await?;
    let now = keyward.now();
    sessions.retain(|session| !is_over(session, now) && is_shown(&present, session));
    Ok(sessions)
}

/// Ends one of the actor's sessions, maybe the one that they use.
pub async fn end_session(keyward: &Keyward, actor: &Actor, id: SessionId) -> Result<()> {
    let (user, _) = session::of(actor)?;
    let mut change = keyward.own_change(actor).await?;
    let present = session::present(&mut change).await?;
    let found = store::find(&mut change.conn(), id).await?;
    let now = change.now;
    found
        .filter(|session| session.user == user && !is_over(session, now) && is_shown(&present, session))
        .ok_or(Error::NotFound("session"))?;
    store::delete(&mut change.conn(), id).await?;
    change.audit(Event::on("logout.succeeded", id, &(), &json!({}))).await?;
    change.commit().await
}

/// Ends all of the actor's sessions but the one that they use; answers how many.
pub async fn end_other_sessions(keyward: &Keyward, actor: &Actor) -> Result<usize> {
    let (user, _) = session::of(actor)?;
    let mut change = keyward.own_change(actor).await?;
    let present = session::present(&mut change).await?;
    let now = change.now;
    let mut others = store::of_user(&mut change.conn(), user).await?;
    others.retain(|session| session.id != present.id && !is_over(session, now) && is_shown(&present, session));
    if others.is_empty() {
        return Ok(0);
    }
    for session in &others {
        store::delete(&mut change.conn(), session.id).await?;
    }
    let targets = others.iter().map(|session| session.id.to_string()).collect();
    let event = Event::on("logout.succeeded", "", &(), &json!({ "sessions": others.len() }));
    change.audit(Event { targets, ..event }).await?;
    change.commit().await?;
    Ok(others.len())
}

/// Whoever comes by an organization's identity provider is known to that
/// organization only: it could vouch for anybody.
fn is_shown(present: &Session, other: &Session) -> bool {
    present.sso_provider.is_none() || other.organization == present.organization
}
