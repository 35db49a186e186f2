//! Who somebody is here whom a provider vouches for. A provider speaks for its
//! own organization: it brings in members of that one, and somebody new only if
//! nobody has their address anywhere, since an account may be another
//! organization's too.

use keyward_domain::{
    clock::to_millis,
    id::UserId,
    organization::{Email, User},
    sso::SsoProvider,
};
use keyward_store::{access, identity, organization};
use serde_json::json;

use super::token::Vouched;
use crate::{
    Result,
    change::{Change, Event},
    session::newcomer,
};

/// Why somebody doesn't come in.
pub(super) struct Refused {
    /// Machine-readable reason.
    pub code: &'static str,
    /// For the person, with the remedy.
    pub message: &'static str,
    /// Who it is here, if that is known.
    pub user: Option<User>,
}

const NOT_A_MEMBER: Refused = Refused {
    code: "sso_not_a_member",
    message: "You aren't a member of this organization. Ask an administrator to invite you.",
    user: None,
};

/// Finds or makes the user. From here on it is they who act in the change.
pub(super) async fn admit(
    change: &mut Change<'_>,
    provider: &SsoProvider,
    vouched: &Vouched,
) -> Result<std::result::Result<User, Refused>> {
    let known = identity::find(&mut change.conn(), provider.id, &vouched.subject).await?;
    let user = match known {
        Some(user) => known_member(change, provider, user).await?,
        None => by_address(change, provider, vouched).await?,
    };
    let user = match user {
        Ok(user) => user,
        Err(refused) => return Ok(Err(refused)),
    };
    if access::of_user(&mut change.conn(), provider.organization, user.id).await?.is_none() {
        return Ok(Err(Refused {
            code: "sso_member_disabled",
            message: "Your membership of this organization is disabled. Ask an administrator to enable it.",
            user: Some(user),
        }));
    }
    change.actor = newcomer(provider.organization, &user, change.actor.origin.clone());
    let now = to_millis(change.now);
    identity::put(&mut change.conn(), provider.id, &vouched.subject, user.id, now).await?;
    Ok(Ok(user))
}

/// Somebody who has come by this provider before. Whoever was removed since
/// doesn't come back by themselves.
async fn known_member(
    change: &mut Change<'_>,
    provider: &SsoProvider,
    user: UserId,
) -> Result<std::result::Result<User, Refused>> {
    if let Some(member) = organization::find_member(&mut change.conn(), provider.organization, user).await? {
        return Ok(Ok(member));
    }
    let user = organization::find_user(&mut change.conn(), user).await?;
    Ok(Err(Refused { user, ..NOT_A_MEMBER }))
}

/// Somebody who comes by this provider for the first time.
async fn by_address(
    change: &mut Change<'_>,
    provider: &SsoProvider,
    vouched: &Vouched,
) -> Result<std::result::Result<User, Refused>> {
    let Some(email) = vouched.claims.verified_email() else {
        return Ok(Err(Refused {
            code: "sso_email_not_verified",
            message: "The identity provider doesn't say that it has verified your e-mail address. Have it verified there; or ask an administrator whether the provider sends email and email_verified.",
            user: None,
        }));
    };
    let Some(user) = organization::find_user_by_email(&mut change.conn(), &email).await? else {
        return if provider.creates_members {
            create_member(change, provider, vouched, email).await.map(Ok)
        } else {
            Ok(Err(NOT_A_MEMBER))
        };
    };
    let member = organization::find_member(&mut change.conn(), provider.organization, user.id).await?;
    Ok(match member {
        Some(member) => Ok(member),
        None if provider.creates_members => Err(Refused {
            code: "sso_account_exists",
            message: "Somebody has an account with your e-mail address already, outside of this organization. Ask an administrator to invite you; accepting the invitation proves that the account is yours.",
            user: None,
        }),
        None => Err(NOT_A_MEMBER),
    })
}

async fn create_member(
    change: &mut Change<'_>,
    provider: &SsoProvider,
    vouched: &Vouched,
    email: Email,
) -> Result<User> {
    let name = match vouched.claims.name(&email) {
        Some(name) => name,
        None => keyward_domain::Name::parse("email", email.as_str())?,
    };
    let id = change.keyward.new_id(UserId::generate);
    let user = User { id, email, name, created_at: change.now };
    organization::insert_user(&mut change.conn(), &user).await?;
    let since = to_millis(change.now);
    organization::insert_member(&mut change.conn(), provider.organization, user.id, since).await?;
    change.actor = newcomer(provider.organization, &user, change.actor.origin.clone());
    let described = json!({ "email": user.email, "name": user.name, "sso_provider_id": provider.id });
    change.audit(Event::on("user.added", user.id, &(), &described)).await?;
    Ok(user)
}
