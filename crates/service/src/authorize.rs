//! Whether somebody may do something, and what they may do at all. Roles are
//! read anew for every request, and once more when a change holds its lock.

use keyward_domain::{
    access::Access,
    actor::{Actor, Identity},
    permission::Permission,
    role::Scope,
};
use keyward_store::{Conn, access, admin_key, session};

use crate::{Error, Keyward, Result, session::is_over};

/// Refuses an actor who doesn't hold `permission` at `scope`. A project that
/// they know nothing of is answered like one that isn't there.
pub(crate) fn authorize(actor: &Actor, permission: Permission, scope: Scope) -> Result<()> {
    if let Scope::Project(project) = scope
        && !actor.sees(project)
    {
        return Err(Error::NotFound("project"));
    }
    Ok(actor.require(permission, scope)?)
}

/// Refuses to give what the actor doesn't hold.
pub(crate) fn check_grant(actor: &Actor, granted: &Access) -> Result<()> {
    escalation(actor, granted, "give", "what you don't hold")
}

/// Refuses to change somebody who may do more than the actor.
pub(crate) fn check_reach(actor: &Actor, target: &Access) -> Result<()> {
    escalation(actor, target, "change", "somebody who holds more than you")
}

/// Refuses to change a role that holds more than the actor.
pub(crate) fn check_role_reach(actor: &Actor, role: &Access) -> Result<()> {
    escalation(actor, role, "change", "a role that holds more than you")
}

fn escalation(actor: &Actor, other: &Access, verb: &str, whom: &str) -> Result<()> {
    if actor.access.covers(other) {
        return Ok(());
    }
    let message = match actor.access.lacks(other) {
        Some((permission, _)) if actor.access.is_owner() || !other.is_owner() => {
            format!("You can't {verb} {whom}: {permission} is missing. Ask an owner of the organization.")
        }
        _ => format!("Only an owner can {verb} an owner. Ask an owner of the organization."),
    };
    Err(Error::Escalation { message })
}

impl Keyward {
    /// What somebody may do now: `None` if they may not come in at all any more.
    pub(crate) async fn access_of(&self, conn: &mut Conn<'_>, actor: &Actor) -> Result<Option<Access>> {
        let (organization, now) = (actor.organization, self.now());
        Ok(match actor.identity {
            Identity::System | Identity::User { session: None, .. } => Some(actor.access.clone()),
            Identity::AdminKey { id, owner, .. } => match admin_key::find(conn, organization, id).await? {
                Some(found) if found.key.is_usable(now) => access::of_admin_key(conn, organization, id, owner).await?,
                _ => None,
            },
            Identity::User { id, session: Some(session), .. } => match session::find(conn, session).await? {
                Some(found) if !is_over(&found, now) && found.organization == organization => {
                    access::of_user(conn, organization, id).await?
                }
                _ => None,
            },
        })
    }

    /// The same actor with what they may do now.
    pub(crate) async fn as_of_now(&self, conn: &mut Conn<'_>, actor: &Actor) -> Result<Actor> {
        let access = self.access_of(conn, actor).await?.ok_or(Error::SignedOut)?;
        Ok(Actor { access, ..actor.clone() })
    }

    /// An actor as they come in: with what they may do, read from the database.
    pub async fn admit(&self, actor: Actor) -> Result<Actor> {
        let mut connection = self.read().await?;
        self.as_of_now(&mut connection.conn(), &actor).await
    }
}
