//! Creating an admin key.

use jiff::SignedDuration;
use keyward_domain::{
    Invalid, Name, Timestamp,
    actor::Actor,
    admin_key::AdminKey,
    id::AdminKeyId,
    organization::User,
    permission::Permission,
    role::Scope,
    secret::{KeyKind, KeySecret},
};
use keyward_store::{admin_key as store, change_log::Subject, organization};

use super::AdminKeyDetails;
use crate::{
    Error, Keyward, Result,
    change::{Change, Event},
    idempotency::Idempotency,
};

/// The longest life of a key that expires: a year.
const MAX_SECONDS: i64 = 31_536_000;

/// What the key will be.
#[derive(Debug, Clone)]
pub struct CreateAdminKey {
    /// What it is for.
    pub name: Name,
    /// After how many seconds it stops working, 1 to 31,536,000; `None`: never.
    pub expires_in_seconds: Option<i64>,
    /// Guards against creating twice.
    pub idempotency: Option<Idempotency>,
}

/// A new admin key with its text, the only time that it is shown.
#[derive(Debug, Clone)]
pub struct RevealedAdminKey {
    /// The key.
    pub details: AdminKeyDetails,
    /// Its text.
    pub secret: KeySecret,
}

/// Makes an admin key that acts in the name of the actor's user.
pub async fn create(keyward: &Keyward, actor: &Actor, command: CreateAdminKey) -> Result<RevealedAdminKey> {
    let lifetime = command.expires_in_seconds.map(lifetime).transpose()?;
    let mut change = keyward.change(actor, Permission::AdminKeysManage, Scope::Organization).await?;
    let owner = match actor.user() {
        None => None,
        Some(user) => organization::find_member(&mut change.conn(), actor.organization, user).await?,
    };
    let owner = owner.ok_or_else(|| Error::Forbidden {
        code: "owner_required",
        message: "An admin key acts in the name of a member of the organization: create it as one.".into(),
    })?;
    let revealed = make(&mut change, command.idempotency.as_ref(), &owner, command.name, lifetime).await?;
    change.commit().await?;
    Ok(revealed)
}

fn lifetime(seconds: i64) -> std::result::Result<SignedDuration, Invalid> {
    if (1..=MAX_SECONDS).contains(&seconds) {
        return Ok(SignedDuration::from_secs(seconds));
    }
    let message = format!("expires_in_seconds is {seconds}: 1 to {MAX_SECONDS} (a year) are possible.");
    Err(Invalid::new("expires_in_seconds", message))
}

/// Makes an admin key within an open change.
pub(crate) async fn make(
    change: &mut Change<'_>,
    idempotency: Option<&Idempotency>,
    owner: &User,
    name: Name,
    lifetime: Option<SignedDuration>,
) -> Result<RevealedAdminKey> {
    let keyward = change.keyward;
    let id = keyward.new_id(AdminKeyId::generate);
    change.once(idempotency, id).await?;
    let secret = KeySecret::generate(KeyKind::Admin, &*keyward.randomness);
    let key = AdminKey {
        id,
        organization: change.actor.organization,
        name,
        digest: secret.digest(&keyward.vault.pepper),
        last_four: secret.last_four(),
        owner: owner.id,
        created_at: change.now,
        expires_at: lifetime.map(|lifetime| change.now.checked_add(lifetime).unwrap_or(Timestamp::MAX)),
    };
    store::insert(&mut change.conn(), &key).await?;
    change.audit(Event::on("admin_api_key.created", id, &(), &key)).await?;
    change.log(Subject::AdminKey(id)).await?;
    Ok(RevealedAdminKey { details: AdminKeyDetails { key, owner: owner.clone(), last_used_at: None }, secret })
}
