//! Setting a password anew without the old one: by a link that is mailed to
//! the account's own address, or that an administrator hands over. A link is
//! good once, for an hour, and only until there is a newer one or the password
//! changes. It says nothing about a second factor: who has one still needs it.

mod complete;
mod hand_over;
mod request;

use jiff::SignedDuration;
use keyward_domain::{Timestamp, clock::to_millis, id::UserId};
use keyward_store::one_time_link::{self, OneTimeLink};

pub use complete::{CompletePasswordReset, complete, describe};
pub use hand_over::{HandedLink, hand_over};
pub(crate) use request::{Requests, letter};
pub use request::{is_by_mail, request};

use crate::{
    Result,
    change::Change,
    link::{Link, LinkKind},
};

/// How long a link is good.
const LIFETIME: SignedDuration = SignedDuration::from_hours(1);
const KIND: LinkKind = LinkKind::PasswordReset;

/// Makes a user's one link; answers it and until when it is good.
async fn make_link(change: &mut Change<'_>, user: UserId) -> Result<(Link, Timestamp)> {
    let now = to_millis(change.now);
    let expires_at = change.now.checked_add(LIFETIME).unwrap_or(Timestamp::MAX);
    let (link, digest) = change.keyward.new_link(KIND);
    one_time_link::delete_expired(&mut change.conn(), now).await?;
    one_time_link::delete_of_user(&mut change.conn(), KIND.purpose(), user).await?;
    let kept = OneTimeLink { user: Some(user), created_at: now, expires_at: to_millis(expires_at) };
    one_time_link::insert(&mut change.conn(), KIND.purpose(), &digest.0, &kept).await?;
    Ok((link, expires_at))
}
