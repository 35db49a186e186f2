//! The first organization, made by whoever holds the link that a fresh
//! installation prints at its start. As soon as there is an organization, no
//! such link opens anything.

use jiff::SignedDuration;
use keyward_domain::{
    Name, Timestamp,
    actor::{Actor, RequestOrigin},
    clock::to_millis,
    id::OrganizationId,
    organization::{Email, Organization},
    password::Password,
    secret::{KeySecret, Token},
};
use keyward_store::{
    Conn,
    one_time_link::{self, OneTimeLink},
    organization as store,
};
use serde_json::json;
use uuid::Uuid;

use crate::{
    Error, Keyward, Result,
    link::{Link, LinkKind},
    organization::{self, CreateOrganization},
    session::{self, SignedIn, Welcome},
    sign_in::note_success,
};

/// How long a link is good; a restart prints a new one.
const LIFETIME: SignedDuration = SignedDuration::from_hours(24);
const KIND: LinkKind = LinkKind::Setup;

/// What the first organization will be, and whose.
#[derive(Debug, Clone)]
pub struct SetUp {
    /// The link's token.
    pub token: Token,
    /// What the organization is called.
    pub organization: Name,
    /// Its owner's address.
    pub email: Email,
    /// What its owner is called; `None`: as their address.
    pub name: Option<Name>,
    /// Its owner's password.
    pub password: Password,
    /// Whether an admin key is made too.
    pub create_admin_key: bool,
    /// Where the request came from.
    pub origin: RequestOrigin,
}

/// An installation that is set up.
#[derive(Debug, Clone)]
pub struct DoneSetUp {
    /// Its first organization.
    pub organization: Organization,
    /// The owner's session.
    pub welcome: Welcome,
    /// The admin key, if it was asked for; shown this once.
    pub admin_key: Option<KeySecret>,
}

/// A link for setting Keyward up, in place of any before; `None` where there is
/// an organization already.
pub async fn new_link(keyward: &Keyward) -> Result<Option<Link>> {
    // There is no organization yet that this could happen in, and nobody to tell.
    let nowhere = Actor::system(OrganizationId::from_uuid(Uuid::nil()));
    let mut change = keyward.own_change(&nowhere).await?;
    if store::is_any(&mut change.conn()).await? {
        return Ok(None);
    }
    let (link, digest) = keyward.new_link(KIND);
    let expires_at = change.now.checked_add(LIFETIME).unwrap_or(Timestamp::MAX);
    let kept = OneTimeLink { user: None, created_at: to_millis(change.now), expires_at: to_millis(expires_at) };
    one_time_link::delete_all(&mut change.conn(), KIND.purpose()).await?;
    one_time_link::insert(&mut change.conn(), KIND.purpose(), &digest.0, &kept).await?;
    change.commit().await?;
    Ok(Some(link))
}

/// Whether there is no organization yet, so that nobody can sign in.
pub async fn is_wanted(keyward: &Keyward) -> Result<bool> {
    Ok(!store::is_any(&mut keyward.read().await?.conn()).await?)
}

/// Refuses a link that opens nothing.
pub async fn check(keyward: &Keyward, token: &Token) -> Result<()> {
    let digest = keyward.link_digest(KIND, token).0;
    check_link(&mut keyward.read().await?.conn(), &digest, keyward.now()).await
}

/// Makes the first organization and its owner, and signs them in.
pub async fn set_up(keyward: &Keyward, command: SetUp) -> Result<DoneSetUp> {
    check(keyward, &command.token).await?;
    let digest = keyward.link_digest(KIND, &command.token).0;
    let id = keyward.new_id(OrganizationId::generate);
    let actor = Actor { origin: command.origin, ..Actor::system(id) };
    let mut change = keyward.own_change(&actor).await?;
    let now = change.now;
    // Whoever waited behind another who did the same comes too late.
    check_link(&mut change.conn(), &digest, now).await?;
    one_time_link::delete_all(&mut change.conn(), KIND.purpose()).await?;
    let new = CreateOrganization { name: command.organization, owner_email: command.email, password: command.password };
    let (organization, owner) = organization::make(&mut change, id, new, command.name).await?;
    let admin_key = match command.create_admin_key {
        true => Some(organization::make_admin_key(&mut change, &owner).await?.secret),
        false => None,
    };
    let signed_in = SignedIn { user: owner, organization: organization.id, sso_provider: None };
    let welcome = session::open(&mut change, signed_in).await?;
    note_success(&mut change, &welcome, &json!({ "method": "setup" })).await?;
    change.commit().await?;
    Ok(DoneSetUp { organization, welcome, admin_key })
}

async fn check_link(conn: &mut Conn<'_>, digest: &[u8], now: Timestamp) -> Result<()> {
    let found = one_time_link::find(conn, KIND.purpose(), digest).await?;
    let is_good = found.is_some_and(|link| to_millis(now) < link.expires_at);
    if is_good && !store::is_any(conn).await? { Ok(()) } else { Err(Error::InvalidLink) }
}
