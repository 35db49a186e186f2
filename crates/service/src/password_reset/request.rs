//! Asking for a link by mail. Whether the address belongs to anybody is looked
//! up behind the mail queue, so that neither the answer nor its time tells.

use std::net::IpAddr;

use jiff::SignedDuration;
use keyward_domain::{
    Timestamp,
    actor::RequestOrigin,
    clock::to_millis,
    network::ClientNetwork,
    organization::Email,
    throttle::{Limit, Throttle},
};
use keyward_store::{one_time_link, organization, user_organizations};
use parking_lot::Mutex;

use super::{KIND, make_link};
use crate::{
    Error, Keyward, Result,
    mail::{self, Errand, Mail},
    session::newcomer,
};

/// How long a user's last link stands before a stranger can replace it.
const NEXT_AFTER: SignedDuration = SignedDuration::from_mins(1);

/// How often one network may ask: ten times, then there are pauses.
const LIMIT: Limit = Limit {
    free: 10,
    window: SignedDuration::from_mins(15),
    pause: SignedDuration::from_mins(1),
    longest_pause: SignedDuration::from_mins(15),
};
/// For how many networks it is counted.
const CAPACITY: usize = 65_536;

/// Who must wait before they ask again. Only the network counts: nobody can
/// keep somebody else from asking.
#[derive(Debug)]
pub(crate) struct Requests(Mutex<Throttle<Option<ClientNetwork>>>);

impl Default for Requests {
    fn default() -> Self {
        Self(Mutex::new(Throttle::new(LIMIT, CAPACITY)))
    }
}

impl Requests {
    fn count(&self, ip: Option<IpAddr>, now: Timestamp) -> Result<()> {
        let (network, mut asked) = (ip.map(ClientNetwork::of), self.0.lock());
        if let Some(wait) = asked.wait(&network, now) {
            let retry_after = u64::try_from(wait.as_secs()).unwrap_or(0) + u64::from(wait.subsec_nanos() > 0);
            return Err(Error::TooManyAttempts { retry_after });
        }
        // Nothing makes up for it: who asked has got a mail sent, or nothing.
        let _ = asked.count(&network, now);
        Ok(())
    }
}

/// Whether this Keyward sends mail at all; where it doesn't, an administrator
/// hands links over.
pub const fn is_by_mail(keyward: &Keyward) -> bool {
    keyward.outbox.is_some()
}

/// Takes a request in; answers whether this Keyward sends mail at all.
pub async fn request(keyward: &Keyward, email: Email, origin: RequestOrigin) -> Result<bool> {
    keyward.reset_requests.count(origin.ip, keyward.now())?;
    match keyward.place_in_queue()? {
        None => Ok(false),
        Some(place) => {
            place.fill(Errand::PasswordReset { email, origin });
            Ok(true)
        }
    }
}

/// The letter to whoever has this address and may come in somewhere; `None` if
/// nobody does, or if they were written to just now.
pub(crate) async fn letter(keyward: &Keyward, email: &Email, origin: RequestOrigin) -> Result<Option<Mail>> {
    let (user, places) = {
        let mut connection = keyward.read().await?;
        let conn = &mut connection.conn();
        let Some(user) = organization::find_user_by_email(conn, email).await? else { return Ok(None) };
        let places = user_organizations::all(conn, Some(user.id)).await?;
        (user, places)
    };
    let Some(place) = places.iter().find(|place| place.is_enabled) else { return Ok(None) };
    let mut change = keyward.own_change(&newcomer(place.organization.id, &user, origin)).await?;
    let pause = i64::try_from(NEXT_AFTER.as_millis()).unwrap_or(i64::MAX);
    let now = to_millis(change.now);
    let latest = one_time_link::latest(&mut change.conn(), KIND.purpose(), user.id).await?;
    if latest.is_some_and(|latest| now < latest.created_at.saturating_add(pause)) {
        return Ok(None);
    }
    let (link, _) = make_link(&mut change, user.id).await?;
    change.commit().await?;
    Ok(Some(mail::password_reset(&user, &link)))
}
