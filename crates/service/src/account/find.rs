//! Who am I, and what may I do?

use keyward_domain::{
    access::Access,
    actor::Actor,
    organization::{Organization, User},
};
use keyward_store::{
    organization, password, second_factor, session as store,
    user_organizations::{self, UserOrganization},
};

use crate::{
    Error, Keyward, Result,
    session::{self, Session},
};

/// A person who is signed in.
#[derive(Debug, Clone)]
pub struct Account {
    /// Who they are.
    pub user: User,
    /// Their session.
    pub session: Session,
    /// Where they are.
    pub organization: Organization,
    /// Where they may go, the oldest first.
    pub organizations: Vec<Organization>,
    /// What they may do where they are.
    pub access: Access,
    /// Whether they have a password, or come by single sign-on only.
    pub has_password: bool,
    /// Whether a second factor is asked of them.
    pub has_second_factor: bool,
    /// How many recovery codes they have left.
    pub recovery_codes_left: i64,
}

/// The person who asks.
pub async fn find(keyward: &Keyward, actor: &Actor) -> Result<Account> {
    let (user, id) = session::of(actor)?;
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    let session = store::find(conn, id).await?.ok_or(Error::SignedOut)?;
    let places = user_organizations::all(conn, user.into()).await?;
    let here = places.iter().find(|place| place.organization.id == actor.organization).ok_or(Error::SignedOut)?;
    // Who comes by an organization's identity provider is known to that one only: it could vouch for anybody.
    let may_go = |place: &UserOrganization| {
        place.is_enabled && (session.sso_provider.is_none() || place.organization.id == actor.organization)
    };
    Ok(Account {
        user: organization::find_user(conn, user).await?.ok_or(Error::SignedOut)?,
        organization: here.organization.clone(),
        organizations: places.iter().filter(|place| may_go(place)).map(|place| place.organization.clone()).collect(),
        session,
        access: actor.access.clone(),
        has_password: password::find(conn, user).await?.is_some(),
        has_second_factor: second_factor::find(conn, user).await?.is_some_and(|factor| factor.confirmed_at.is_some()),
        recovery_codes_left: second_factor::count_recovery_codes(conn, user).await?,
    })
}
