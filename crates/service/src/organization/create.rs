//! Making an organization, its owner and its first admin key: what an
//! installation starts with, and every further organization too.

use keyward_domain::{
    Name,
    actor::Actor,
    clock::to_millis,
    id::{OrganizationId, UserId},
    organization::{Email, Organization, User},
    password::Password,
    role::{BuiltIn, Scope},
    secret::KeySecret,
};
use keyward_store::{
    organization as store,
    role_assignment::{self, Assignment, Principal},
};
use serde_json::json;

use crate::{
    Error, Keyward, Result,
    admin_key::{DescribedAdminKey, RevealedAdminKey},
    change::{Change, Event},
    password,
};

const KEY_NAME: &str = "Initial admin key";

/// What the organization will be, and who owns it.
#[derive(Debug, Clone)]
pub struct CreateOrganization {
    /// Unique in the installation.
    pub name: Name,
    /// The owner's address. A user who has it already becomes the owner.
    pub owner_email: Email,
    /// The owner's password: the new user's, or the one that the user has.
    pub password: Password,
}

/// What was made.
#[derive(Debug, Clone)]
pub struct CreatedOrganization {
    /// The organization.
    pub organization: Organization,
    /// Its owner.
    pub owner: User,
    /// Its first admin key.
    pub admin_key: DescribedAdminKey,
    /// That key's text, shown this once.
    pub secret: KeySecret,
}

/// Makes an organization with its owner and an admin key. Whoever may call this
/// runs the installation: there is no permission to ask for.
pub async fn create(keyward: &Keyward, command: CreateOrganization) -> Result<CreatedOrganization> {
    let id = keyward.new_id(OrganizationId::generate);
    // Keyward itself acts, within the organization that is about to be.
    let mut change = keyward.own_change(&Actor::system(id)).await?;
    let (organization, owner) = make(&mut change, id, command, None).await?;
    let RevealedAdminKey { key, secret } = make_admin_key(&mut change, &owner).await?;
    change.commit().await?;
    Ok(CreatedOrganization { organization, owner, admin_key: key, secret })
}

/// Makes an organization and its owner within a change whose actor is Keyward
/// itself, in that organization. `owner_name` is what a new user is called.
pub(crate) async fn make(
    change: &mut Change<'_>,
    id: OrganizationId,
    command: CreateOrganization,
    owner_name: Option<Name>,
) -> Result<(Organization, User)> {
    let organization = Organization { id, name: command.name, created_at: change.now };
    store::insert(&mut change.conn(), &organization).await.map_err(|error| {
        if store::name_is_taken(&error) {
            Error::name_taken("an organization", &organization.name)
        } else {
            error.into()
        }
    })?;
    let named = json!({ "name": organization.name });
    change.audit(Event::on("organization.created", organization.id, &(), &named)).await?;
    let owner = known_or_new(change, command.owner_email, owner_name, command.password).await?;
    let since = to_millis(organization.created_at);
    store::insert_member(&mut change.conn(), organization.id, owner.id, since).await?;
    let role = BuiltIn::OrganizationOwner;
    let assignment = Assignment {
        principal: Principal::User(owner.id),
        scope: Scope::Organization,
        role: role.id(),
        source: None,
        created_by: None,
        created_at: since,
    };
    role_assignment::insert(&mut change.conn(), organization.id, &assignment).await?;
    let described = json!({ "email": owner.email, "name": owner.name, "role": role.name() });
    change.audit(Event::on("user.added", owner.id, &(), &described)).await?;
    Ok((organization, owner))
}

/// Makes the first admin key of an organization.
pub(crate) async fn make_admin_key(change: &mut Change<'_>, owner: &User) -> Result<RevealedAdminKey> {
    let name = Name::parse("name", KEY_NAME)?;
    crate::admin_key::make(change, None, owner, name, None).await
}

/// The user with that address, if the password is theirs, or a new one.
async fn known_or_new(change: &mut Change<'_>, email: Email, name: Option<Name>, password: Password) -> Result<User> {
    if let Some(user) = store::find_user_by_email(&mut change.conn(), &email).await? {
        let kept = keyward_store::password::find(&mut change.conn(), user.id).await?;
        if password::is_right(change.keyward, password, kept).await? {
            return Ok(user);
        }
        return Err(Error::Forbidden {
            code: "wrong_password",
            message: format!(
                "There is a user {email} already, and this isn't their password. Give theirs, or another e-mail address."
            ),
        });
    }
    // An address is what a person is called until they say otherwise.
    let by_address = || Name::parse("email", email.as_str().split('@').next().unwrap_or_default());
    let name = name.map_or_else(by_address, Ok)?;
    let hash = password::new_hash(change.keyward, "password", password, &[email.as_str(), name.as_str()]).await?;
    let user = User { id: change.keyward.new_id(UserId::generate), name, email, created_at: change.now };
    store::insert_user(&mut change.conn(), &user).await?;
    let now = to_millis(change.now);
    keyward_store::password::put(&mut change.conn(), user.id, &hash, now).await?;
    Ok(user)
}
