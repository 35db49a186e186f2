//! Creating an admin key.

use jiff::SignedDuration;
use keyward_domain::{
    Invalid, Name, Timestamp,
    access::Access,
    actor::Actor,
    admin_key::AdminKey,
    assignment::{Holder, check_holder},
    clock::to_millis,
    id::{AdminKeyId, RoleId},
    organization::User,
    permission::Permission,
    role::{Role, Scope},
    secret::{KeyKind, KeySecret},
};
use keyward_store::{
    access, admin_key as store,
    change_log::Subject,
    organization,
    role_assignment::{self, Assignment, Principal},
};
use serde_json::json;

use super::{AdminKeyDetails, DescribedAdminKey};
use crate::{
    Error, Keyward, Result,
    authorize::check_grant,
    change::{Change, Event},
    idempotency::Idempotency,
    place::find_place,
    role::find_to_give,
};

/// The longest life of a key that expires: a year.
const MAX_SECONDS: i64 = 31_536_000;

/// Most roles of one key.
const MAX_ROLES: usize = 100;

/// What the key will be.
#[derive(Debug, Clone)]
pub struct CreateAdminKey {
    /// What it is for.
    pub name: Name,
    /// After how many seconds it stops working, 1 to 31,536,000; `None`: never.
    pub expires_in_seconds: Option<i64>,
    /// What it may do of all that its owner may; none: all of it.
    pub roles: Vec<WantedRole>,
    /// Guards against creating twice.
    pub idempotency: Option<Idempotency>,
}

/// A role that a key is to hold.
#[derive(Debug, Clone, Copy)]
pub struct WantedRole {
    /// Which one.
    pub role: RoleId,
    /// Where.
    pub scope: Scope,
}

/// A new admin key with its text, the only time that it is shown.
#[derive(Debug, Clone)]
pub struct RevealedAdminKey {
    /// The key.
    pub key: DescribedAdminKey,
    /// Its text.
    pub secret: KeySecret,
}

/// Makes an admin key that acts in the name of the actor's user. It may do
/// nothing that the actor may not, and never more than its owner at the time.
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
    let roles = find_roles(&mut change, &command.roles).await?;
    let access = access::of_user(&mut change.conn(), actor.organization, owner.id).await?.unwrap_or_default();
    check_grant(&change.actor, &limited(&access, &roles))?;
    let revealed = make(&mut change, command.idempotency.as_ref(), &owner, command.name, lifetime).await?;
    let revealed = hold(&mut change, revealed, roles, access.is_owner()).await?;
    change.commit().await?;
    Ok(revealed)
}

async fn find_roles(change: &mut Change<'_>, wanted: &[WantedRole]) -> Result<Vec<(Role, Scope)>> {
    if wanted.len() > MAX_ROLES {
        return Err(Invalid::new("roles", format!("roles has more than {MAX_ROLES} entries.")).into());
    }
    let (actor, mut roles) = (change.actor.clone(), Vec::with_capacity(wanted.len()));
    for (index, WantedRole { role, scope }) in wanted.iter().copied().enumerate() {
        find_place(&mut change.conn(), actor.organization, scope).await?;
        let role = find_to_give(&mut change.conn(), &actor, scope, role).await?;
        check_holder(&format!("roles[{index}].role_id"), &role, scope, Holder::User)?;
        roles.push((role, scope));
    }
    Ok(roles)
}

/// What a key with these roles may do of what its owner may.
fn limited(owners: &Access, roles: &[(Role, Scope)]) -> Access {
    if roles.is_empty() {
        return owners.clone();
    }
    let mut own = Access::default();
    roles.iter().for_each(|(role, scope)| own.add(role, *scope));
    owners.both(&own)
}

/// Gives a new key its roles.
async fn hold(
    change: &mut Change<'_>,
    revealed: RevealedAdminKey,
    roles: Vec<(Role, Scope)>,
    owner_is_owner: bool,
) -> Result<RevealedAdminKey> {
    let key = &revealed.key.details.key;
    let created_at = to_millis(change.now);
    for (role, scope) in &roles {
        let assignment = Assignment {
            principal: Principal::AdminKey(key.id),
            scope: *scope,
            role: role.id,
            source: None,
            created_by: Some(key.owner),
            created_at,
        };
        role_assignment::insert(&mut change.conn(), key.organization, &assignment).await?;
        let given = json!({ "role_id": role.id, "role": role.name, "project_id": scope.project() });
        change.audit(Event::on("role.assignment.created", key.id, &(), &given)).await?;
    }
    Ok(RevealedAdminKey { key: DescribedAdminKey { roles, owner_is_owner, ..revealed.key }, ..revealed })
}

fn lifetime(seconds: i64) -> std::result::Result<SignedDuration, Invalid> {
    if (1..=MAX_SECONDS).contains(&seconds) {
        return Ok(SignedDuration::from_secs(seconds));
    }
    let message = format!("expires_in_seconds is {seconds}: 1 to {MAX_SECONDS} (a year) are possible.");
    Err(Invalid::new("expires_in_seconds", message))
}

/// Makes an admin key of an owner within an open change, for all that they may do.
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
    let details = AdminKeyDetails { key, owner: owner.clone(), last_used_at: None };
    Ok(RevealedAdminKey { key: DescribedAdminKey { details, roles: Vec::new(), owner_is_owner: true }, secret })
}
