//! Sessions of users who are signed in: opened at sign-in, found by their
//! cookie, over after a while without use and at the latest after a fixed time.

mod end;

use jiff::SignedDuration;
use keyward_domain::{
    Timestamp,
    access::Access,
    actor::{Actor, Identity, RequestOrigin},
    clock::to_millis,
    id::{OrganizationId, SessionId, SsoProviderId, UserId},
    organization::User,
    secret::Token,
};
pub use keyward_store::session::Session;
use keyward_store::{organization, session as store};

pub(crate) use self::end::end_by_token;
pub use self::end::{delete_over, keep_deleting_over, sign_out};
use crate::{Error, Keyward, Result, change::Change};

/// How long a session lasts without use.
pub const IDLE: SignedDuration = SignedDuration::from_hours(24);
/// How long a session lasts at most.
pub const LIFETIME: SignedDuration = SignedDuration::from_hours(24 * 14);
/// How exact `last_seen_at` is.
const SEEN_EVERY: SignedDuration = SignedDuration::from_mins(1);
const PURPOSE: &str = "session";

/// Whether a session opens nothing any more at `now`.
pub(crate) fn is_over(session: &Session, now: Timestamp) -> bool {
    now >= session.expires_at || now.duration_since(session.last_seen_at) >= IDLE
}

/// Who signs in, and how they proved it.
pub(crate) struct SignedIn {
    pub user: User,
    pub organization: OrganizationId,
    /// The SSO provider that vouches for them; `None`: their password.
    pub sso_provider: Option<SsoProviderId>,
}

/// Somebody who is signed in from now on.
#[derive(Debug, Clone)]
pub struct Welcome {
    /// Who.
    pub user: User,
    /// Their session.
    pub session: Session,
    /// Its secret, for the cookie: it is nowhere else.
    pub token: Token,
}

/// Opens a session within a change.
pub(crate) async fn open(change: &mut Change<'_>, signed_in: SignedIn) -> Result<Welcome> {
    let origin = change.actor.origin.clone();
    let session = Session {
        id: change.keyward.new_id(SessionId::generate),
        user: signed_in.user.id,
        organization: signed_in.organization,
        sso_provider: signed_in.sso_provider,
        created_at: change.now,
        last_seen_at: change.now,
        expires_at: change.now.checked_add(LIFETIME).unwrap_or(Timestamp::MAX),
        ip: origin.ip.map(|ip| ip.to_string()),
        user_agent: origin.user_agent,
    };
    keep(change, signed_in.user, session).await
}

/// Puts a session with another secret in place of `session`, in `organization`:
/// whenever what it opens changes. It doesn't last longer for it.
pub(crate) async fn rotate(change: &mut Change<'_>, session: Session, organization: OrganizationId) -> Result<Welcome> {
    let user = organization::find_user(&mut change.conn(), session.user).await?.ok_or(Error::SignedOut)?;
    store::delete(&mut change.conn(), session.id).await?;
    let id = change.keyward.new_id(SessionId::generate);
    let session = Session { id, organization, last_seen_at: change.now, ..session };
    keep(change, user, session).await
}

async fn keep(change: &mut Change<'_>, user: User, session: Session) -> Result<Welcome> {
    let token = Token::generate(&*change.keyward.randomness);
    let digest = token.digest(PURPOSE, &change.keyward.vault.pepper);
    store::insert(&mut change.conn(), &session, &digest.0).await?;
    Ok(Welcome { user, session, token })
}

/// The user who acts, and the session that they act by. What is a person's own
/// is open to no key.
pub(crate) fn of(actor: &Actor) -> Result<(UserId, SessionId)> {
    match actor.identity {
        Identity::User { id, session: Some(session), .. } => Ok((id, session)),
        _ => Err(Error::Forbidden {
            code: "session_required",
            message:
                "This is a person's own: sign in with address and password, or by single sign-on. A key can't do it."
                    .into(),
        }),
    }
}

/// Refuses an actor who doesn't act by a session.
pub fn check_is_by_session(actor: &Actor) -> Result<()> {
    of(actor).map(drop)
}

/// The session that the actor of a change acts by.
pub(crate) async fn present(change: &mut Change<'_>) -> Result<Session> {
    let (_, id) = of(&change.actor)?;
    store::find(&mut change.conn(), id).await?.ok_or(Error::SignedOut)
}

/// Who comes with this cookie: the actor with all that they may do.
pub async fn authenticate(keyward: &Keyward, token: &Token, origin: RequestOrigin) -> Result<Actor> {
    let digest = token.digest(PURPOSE, &keyward.vault.pepper);
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    let now = keyward.now();
    let session = store::find_by_digest(conn, &digest.0).await?.filter(|session| !is_over(session, now));
    let session = session.ok_or(Error::SignedOut)?;
    let user: User = organization::find_user(conn, session.user).await?.ok_or(Error::SignedOut)?;
    let identity = Identity::User { id: user.id, email: user.email, session: Some(session.id) };
    let access = keyward_store::access::of_user(conn, session.organization, user.id).await?.ok_or(Error::SignedOut)?;
    drop(connection);
    if now.duration_since(session.last_seen_at) >= SEEN_EVERY
        && let Err(error) = note_seen(keyward, session.id).await
    {
        tracing::warn!(%error, "the last use of a session can't be written");
    }
    Ok(Actor { organization: session.organization, identity, access, origin })
}

async fn note_seen(keyward: &Keyward, id: SessionId) -> Result<()> {
    let mut connection = keyward.pool.write().await?;
    Ok(store::seen(&mut connection.conn(), id, to_millis(keyward.now())).await?)
}

/// Somebody on the way in: known, but not yet by a session. They hold nothing.
pub(crate) fn newcomer(organization: OrganizationId, user: &User, origin: RequestOrigin) -> Actor {
    let identity = Identity::User { id: user.id, email: user.email.clone(), session: None };
    Actor { organization, identity, access: Access::default(), origin }
}
