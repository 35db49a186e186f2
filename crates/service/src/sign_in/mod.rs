//! Signing in with address and password, and a second factor where there is
//! one. Whatever is wrong before the password is right is answered alike, after
//! the same work: nobody learns here who has an account.

mod guard;

use keyward_domain::{
    actor::{Actor, Identity, RequestOrigin},
    audit::Outcome,
    id::{OrganizationId, UserId},
    organization::{Email, User},
    password::Password,
    second_factor::PresentedCode,
    secret::Token,
};
use keyward_store::{
    password as passwords,
    user_organizations::{self, UserOrganization},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

pub(crate) use self::guard::Guard;
use crate::{
    Error, Keyward, Result,
    aggregate::Occurrence,
    change::{Change, Event},
    password, second_factor,
    session::{self, SignedIn, Welcome},
};

/// How somebody wants to come in.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// Their address, as they typed it.
    pub email: String,
    /// Their password, as they typed it.
    pub password: Password,
    /// A code of their second factor, as they typed it.
    pub code: Option<SecretString>,
    /// The session that their browser had before: it ends.
    pub replaces: Option<Token>,
}

/// Opens a session for whoever has that address and that password.
pub async fn sign_in(keyward: &Keyward, origin: RequestOrigin, command: SignIn) -> Result<Welcome> {
    let attempt = keyward.begin_attempt(origin.ip, &command.email)?;
    let outcome = Box::pin(come_in(keyward, origin, command)).await;
    attempt.settle(&outcome);
    outcome
}

async fn come_in(keyward: &Keyward, origin: RequestOrigin, command: SignIn) -> Result<Welcome> {
    let email = Email::parse("email", &command.email).ok();
    // The same statements and the same hashing, whoever it is or isn't.
    let (known, places) = {
        let mut connection = keyward.read().await?;
        let conn = &mut connection.conn();
        let known = passwords::find_by_email(conn, email.as_ref()).await?;
        let user = known.as_ref().map(|(user, _)| user.id);
        (known, user_organizations::all(conn, user).await?)
    };
    let (user, kept) = known.map_or((None, None), |(user, kept)| (Some(user), kept));
    let is_right = password::is_right(keyward, command.password, kept.clone()).await?;
    let Some(user) = user else {
        tracing::info!(ip = ?origin.ip, "somebody tried to sign in with an address that nobody has");
        return Err(invalid_credentials());
    };
    let failed = |reason| note_failure(keyward, &user, &places, &origin, reason);
    let Some(kept) = kept.filter(|_| is_right) else {
        failed("wrong_password");
        return Err(invalid_credentials());
    };
    let Some(first) = places.iter().find(|place| place.is_enabled) else {
        failed("not_a_member");
        return Err(invalid_credentials());
    };
    let newcomer = session::newcomer(first.organization.id, &user, origin.clone());
    let mut change = keyward.own_change(&newcomer).await?;
    if passwords::find(&mut change.conn(), user.id).await? != Some(kept) {
        // It was changed since it was checked.
        failed("wrong_password");
        return Err(invalid_credentials());
    }
    let organization = match way_in(&mut change, user.id).await {
        Err(error) => {
            failed(if matches!(error, Error::Forbidden { .. }) { "sso_required" } else { "not_a_member" });
            return Err(error);
        }
        Ok(organization) => organization,
    };
    let code = command.code.as_ref().and_then(|code| PresentedCode::parse(code.expose_secret()));
    let factor = match second_factor::check(&mut change, user.id, command.code.is_some(), code).await {
        Err(error) => {
            if matches!(error, Error::NotSignedIn { code: "invalid_second_factor", .. }) {
                failed("wrong_second_factor");
            }
            return Err(error);
        }
        Ok(factor) => factor,
    };
    if let Some(before) = command.replaces {
        session::end_by_token(&mut change, &before).await?;
    }
    let signed_in = SignedIn { user, organization, sso_provider: None };
    let welcome = session::open(&mut change, signed_in).await?;
    let details = json!({ "method": "password", "second_factor": factor });
    note_success(&mut change, &welcome, &details).await?;
    change.commit().await?;
    Ok(welcome)
}

/// Writes that somebody came in by `welcome`, into the log of the organization
/// that they came into.
pub(crate) async fn note_success(change: &mut Change<'_>, welcome: &Welcome, details: &Value) -> Result<()> {
    let (user, session) = (&welcome.user, welcome.session.id);
    change.actor.organization = welcome.session.organization;
    change.actor.identity = Identity::User { id: user.id, email: user.email.clone(), session: Some(session) };
    change.audit(Event::on("login.succeeded", session, &(), details)).await
}

/// The first organization that the user may come into with a password. Where
/// single sign-on is required only owners may, so that a broken identity
/// provider locks nobody out for good.
async fn way_in(change: &mut Change<'_>, user: UserId) -> Result<OrganizationId> {
    let places = user_organizations::all(&mut change.conn(), user.into()).await?;
    let mut refused = invalid_credentials();
    for place in places.iter().filter(|place| place.is_enabled) {
        if may_come_by_password(change, place, user).await? {
            return Ok(place.organization.id);
        }
        refused = sso_required();
    }
    Err(refused)
}

/// Whether an organization lets a member in who has only shown a password.
pub(crate) async fn may_come_by_password(
    change: &mut Change<'_>,
    place: &UserOrganization,
    user: UserId,
) -> Result<bool> {
    if !place.requires_sso {
        return Ok(true);
    }
    let access = keyward_store::access::of_user(&mut change.conn(), place.organization.id, user).await?;
    Ok(access.is_some_and(|access| access.is_owner()))
}

/// Notes a failure for the audit log of every organization that knows the user.
pub(crate) fn note_failure(
    keyward: &Keyward,
    user: &User,
    places: &[UserOrganization],
    origin: &RequestOrigin,
    reason: &'static str,
) {
    for place in places {
        let actor: Actor = session::newcomer(place.organization.id, user, origin.clone());
        keyward.note(Occurrence {
            actor,
            event_type: "login.failed",
            outcome: Outcome::Failed,
            targets: vec![user.id.to_string()],
            details: Map::from_iter([("reason".to_owned(), Value::from(reason))]),
        });
    }
}

/// Whatever was wrong.
pub(crate) const fn invalid_credentials() -> Error {
    Error::NotSignedIn {
        code: "invalid_credentials",
        message: "This address and this password don't open anything here. Check both, or have the password reset.",
    }
}

/// The password was right, and isn't enough.
pub(crate) const fn second_factor_required() -> Error {
    Error::NotSignedIn {
        code: "second_factor_required",
        message: "The password is right. Send it again with `code`: the six digits that your authenticator app shows, or a recovery code.",
    }
}

/// The password was right, the code wasn't.
pub(crate) const fn invalid_second_factor() -> Error {
    Error::NotSignedIn {
        code: "invalid_second_factor",
        message: "This code isn't right, or was used already. Wait for the next one of your authenticator app, or take a recovery code that you haven't used.",
    }
}

/// The password was right, but the organization wants another way in.
pub(crate) fn sso_required() -> Error {
    Error::Forbidden {
        code: "sso_required",
        message: "Your organization wants its members to come by single sign-on: choose it instead of the password."
            .into(),
    }
}
