//! Accepting an invitation: a new person makes their account by it, somebody
//! with an account proves that it is theirs.

use keyward_domain::{
    Invalid, Name,
    actor::{Actor, Identity, RequestOrigin},
    audit::Outcome,
    clock::to_millis,
    id::{SessionId, UserId},
    invitation::{Ending, Invitation, InvitedRole},
    organization::{Email, Organization, User},
    password::Password,
    secret::Token,
};
use keyward_store::{
    invitation as store, organization,
    role_assignment::{self, Assignment, Principal},
    second_factor, session as sessions, user_organizations,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::{InvitationDetails, already_member, audited, create::check_sender, end, find_open};
use crate::{
    Error, Keyward, Result,
    change::{Change, Event},
    password,
    role_assignment::given_event,
    session::{self, SignedIn, Welcome, newcomer},
    sign_in::{note_failure, note_success},
};

/// What whoever accepts says.
#[derive(Debug, Clone)]
pub struct AcceptInvitation {
    /// The link's token.
    pub token: Token,
    /// What a new person is called.
    pub name: Option<Name>,
    /// A new person's password, or the one of the account with that address.
    pub password: Option<SecretString>,
    /// The session that the request came with.
    pub session: Option<Token>,
    /// Where it came from.
    pub origin: RequestOrigin,
}

/// A new member.
#[derive(Debug, Clone)]
pub struct AcceptedInvitation {
    /// Of what.
    pub organization: Organization,
    /// Who.
    pub user: User,
    /// Their session; `None` where members sign in by single sign-on only.
    pub welcome: Option<Welcome>,
}

/// Who accepts, as far as it is known before the change begins.
struct Person {
    user: User,
    proof: Proof,
}

/// What makes the account theirs.
enum Proof {
    /// They are new: the hash of the password that they chose.
    New(String),
    /// They know its password: the hash that it was checked against.
    Password(String),
    /// They are signed in, by this session. The new one takes its place.
    Session(SessionId),
}

/// Makes the holder of the link a member with the roles that it promises, if
/// its sender could still give them.
pub async fn accept(keyward: &Keyward, command: AcceptInvitation) -> Result<AcceptedInvitation> {
    let AcceptInvitation { token, origin, .. } = &command;
    let found = {
        let mut connection = keyward.read().await?;
        find_open(keyward, &mut connection.conn(), token, keyward.now()).await?.invitation
    };
    let person = identify(keyward, &found.email, &command).await?;
    let mut change = keyward.own_change(&newcomer(found.organization, &person.user, origin.clone())).await?;
    let now = change.now;
    let InvitationDetails { invitation, inviter } = find_open(keyward, &mut change.conn(), token, now).await?;
    if !can_still_give(&mut change, &invitation, &inviter).await? {
        end(&mut change, &invitation, Ending::Void).await?;
        let event = Event::on("invite.accepted", invitation.id, &(), &json!({ "email": invitation.email }));
        change.audit(event.ended(Outcome::Denied)).await?;
        change.commit().await?;
        return Err(Error::Forbidden {
            code: "invitation_void",
            message: "Whoever sent this invitation may not invite to this any more. Ask somebody else of the organization for a new one.".into(),
        });
    }
    let Person { user, proof } = person;
    match &proof {
        Proof::New(hash) => add_user(&mut change, &user, hash).await?,
        Proof::Password(_) | Proof::Session(_) => {
            check_still_proven(&mut change, &user, &proof).await?;
            let organization = invitation.organization;
            if organization::find_member(&mut change.conn(), organization, user.id).await?.is_some() {
                return Err(already_member(&user.email));
            }
        }
    }
    end(&mut change, &invitation, Ending::Accepted).await?;
    let state = audited(&invitation);
    change.audit(Event::on("invite.accepted", invitation.id, &(), &state)).await?;
    add_member(&mut change, &invitation, &user).await?;
    let store::Destination { organization, sso_required } =
        store::destination(&mut change.conn(), invitation.organization).await?;
    let welcome = if sso_required && invitation.grants.role != InvitedRole::Owner {
        None
    } else {
        if let Proof::Session(old) = proof {
            sessions::delete(&mut change.conn(), old).await?;
        }
        let signed_in = SignedIn { user: user.clone(), organization: organization.id, sso_provider: None };
        let welcome = session::open(&mut change, signed_in).await?;
        note_success(&mut change, &welcome, &json!({ "method": "invitation" })).await?;
        Some(welcome)
    };
    change.commit().await?;
    Ok(AcceptedInvitation { organization, user, welcome })
}

/// Who accepts the invitation of `email`. Hashing happens here, before the
/// change makes others wait.
async fn identify(keyward: &Keyward, email: &Email, command: &AcceptInvitation) -> Result<Person> {
    let signed_in = match &command.session {
        None => None,
        Some(token) => match session::authenticate(keyward, token, command.origin.clone()).await {
            Ok(Actor { identity: Identity::User { email, session, .. }, .. }) => Some((email, session)),
            Ok(_) | Err(Error::SignedOut) => None,
            Err(other) => return Err(other),
        },
    };
    if signed_in.as_ref().is_some_and(|(own, _)| own != email) {
        return Err(Error::Forbidden {
            code: "invitation_for_another_address",
            message: format!(
                "This invitation is for {email}, and you are signed in as somebody else. Sign out, then open the link again."
            ),
        });
    }
    let known = keyward_store::password::find_by_email(&mut keyward.read().await?.conn(), Some(email)).await?;
    let Some((user, kept)) = known else { return new_person(keyward, email, command).await };
    if let Some((_, Some(session))) = signed_in {
        return Ok(Person { user, proof: Proof::Session(session) });
    }
    // As at signing in, so that nobody guesses here what they can't guess there.
    let attempt = keyward.begin_attempt(command.origin.ip, email.as_str())?;
    let proven = prove(keyward, &user, kept, command).await;
    attempt.settle(&proven);
    proven.map(|kept| Person { user, proof: Proof::Password(kept) })
}

/// Refuses whoever doesn't give the password of `user`, or for whom it isn't
/// enough. Answers the hash that it was checked against.
async fn prove(keyward: &Keyward, user: &User, kept: Option<String>, command: &AcceptInvitation) -> Result<String> {
    let Some(password) = command.password.clone() else {
        return Err(sign_in_required("There is an account with this address: sign in, or give its password."));
    };
    let is_right = password::is_right(keyward, Password::presented(password), kept.clone()).await?;
    let Some(kept) = kept.filter(|_| is_right) else {
        let places = user_organizations::all(&mut keyward.read().await?.conn(), Some(user.id)).await?;
        note_failure(keyward, user, &places, &command.origin, "wrong_password");
        return Err(Error::Forbidden {
            code: "wrong_password",
            message: "This isn't the password of the account with this address. Sign in first, or reset the password."
                .into(),
        });
    };
    let factor = second_factor::find(&mut keyward.read().await?.conn(), user.id).await?;
    if factor.is_some_and(|factor| factor.confirmed_at.is_some()) {
        return Err(sign_in_required(
            "Your account has a second factor: sign in with it first, then open the link again.",
        ));
    }
    Ok(kept)
}

/// Refuses whose password or second factor was changed, or whose session ended, since
/// [`identify`] looked; and whoever an organization's identity provider vouches
/// for: it speaks for that organization alone, and the new session opens all
/// that the account belongs to.
async fn check_still_proven(change: &mut Change<'_>, user: &User, proof: &Proof) -> Result<()> {
    let is_theirs = match proof {
        Proof::New(_) => true,
        Proof::Password(kept) => {
            let factor = second_factor::find(&mut change.conn(), user.id).await?;
            factor.is_none_or(|factor| factor.confirmed_at.is_none())
                && keyward_store::password::find(&mut change.conn(), user.id).await?.as_ref() == Some(kept)
        }
        Proof::Session(id) => match sessions::find(&mut change.conn(), *id).await? {
            Some(session) if session.sso_provider.is_some() => {
                return Err(sign_in_required(
                    "You are signed in by single sign-on of another organization, which can't speak for you here: sign out and open the link again with your password. If you have none, have it reset first.",
                ));
            }
            found => found.is_some_and(|session| !session::is_over(&session, change.now)),
        },
    };
    if is_theirs {
        Ok(())
    } else {
        Err(sign_in_required("Meanwhile your password or your session changed: sign in anew."))
    }
}

async fn new_person(keyward: &Keyward, email: &Email, command: &AcceptInvitation) -> Result<Person> {
    let missing = |param: &'static str, what: &str| {
        Invalid::new(param, format!("{param} is missing: {what}.")).code("missing_required_parameter")
    };
    let name = command.name.clone().ok_or_else(|| missing("name", "say what you are called"))?;
    let password = command.password.as_ref().ok_or_else(|| missing("password", "choose one for your new account"))?;
    let password = Password::parse("password", password.expose_secret())?;
    let hash = password::new_hash(keyward, "password", password, &[email.as_str(), name.as_str()]).await?;
    let user = User { id: keyward.new_id(UserId::generate), email: email.clone(), name, created_at: keyward.now() };
    Ok(Person { user, proof: Proof::New(hash) })
}

fn sign_in_required(message: &str) -> Error {
    Error::Forbidden { code: "sign_in_required", message: message.into() }
}

/// Whether the sender is still an enabled member who could send the same
/// invitation now.
async fn can_still_give(change: &mut Change<'_>, invitation: &Invitation, inviter: &User) -> Result<bool> {
    let organization = invitation.organization;
    let access = keyward_store::access::of_user(&mut change.conn(), organization, inviter.id).await?;
    let Some(access) = access else { return Ok(false) };
    let sender = Actor { access, ..newcomer(organization, inviter, RequestOrigin::default()) };
    Ok(check_sender(&sender, &invitation.grants).is_ok())
}

async fn add_user(change: &mut Change<'_>, user: &User, hash: &str) -> Result<()> {
    if organization::find_user_by_email(&mut change.conn(), &user.email).await?.is_some() {
        return Err(sign_in_required(
            "Meanwhile there is an account with this address: sign in, or give its password.",
        ));
    }
    let now = to_millis(change.now);
    organization::insert_user(&mut change.conn(), user).await?;
    Ok(keyward_store::password::put(&mut change.conn(), user.id, hash, now).await?)
}

async fn add_member(change: &mut Change<'_>, invitation: &Invitation, user: &User) -> Result<()> {
    let (organization, now) = (invitation.organization, to_millis(change.now));
    organization::insert_member(&mut change.conn(), organization, user.id, now).await?;
    let described = json!({ "email": user.email, "name": user.name, "role": invitation.grants.role });
    change.audit(Event::on("user.added", user.id, &(), &described)).await?;
    for (role, scope) in invitation.grants.roles() {
        let assignment = Assignment {
            principal: Principal::User(user.id),
            scope,
            role: role.id(),
            source: None,
            created_by: Some(invitation.invited_by),
            created_at: now,
        };
        role_assignment::insert(&mut change.conn(), organization, &assignment).await?;
        let project = match scope.project() {
            None => None,
            Some(id) => keyward_store::project::find(&mut change.conn(), organization, id).await?,
        };
        let event = given_event(Principal::User(user.id), &role.role(organization));
        change.audit(event.within(project.as_ref())).await?;
    }
    Ok(())
}
