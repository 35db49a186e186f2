//! Members of the organization: look up, list, change, remove. Becoming one is
//! what invitations and single sign-on are for.

mod keys;
mod list;
mod remove;
mod update;

use std::collections::HashMap;

use keyward_domain::{
    Name, Timestamp,
    actor::Actor,
    assignment::{organization_role_word, project_role_word},
    id::{ProjectId, RoleId, UserId},
    member::Member,
    permission::Permission,
    role::Scope,
};
pub use keyward_store::member::{MemberFilter, NamedApiKey};
use keyward_store::{
    Conn,
    member::{self as store, HeldDirectly, MemberRecord},
};

pub use keys::{MadeKeys, keys_made_by};
pub use list::{ListMembers, find, find_with_key_use, list};
pub use remove::{RemovedMember, remove};
pub use update::{UpdateMember, update};

use crate::{Error, Result};

/// A member with what they hold directly.
#[derive(Debug, Clone)]
pub struct MemberDetails {
    /// Who.
    pub member: Member,
    /// `owner` or `reader`.
    pub role: &'static str,
    /// All roles that they hold directly at the organization.
    pub roles: Vec<RoleId>,
    /// The projects in which they hold a role directly, as far as the actor may
    /// see who is in them.
    pub projects: Vec<Membership>,
    /// When an API key that they made was last used, if that was asked for.
    pub api_key_last_used_at: Option<Timestamp>,
}

/// A project that somebody is a member of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// Which.
    pub project: ProjectId,
    /// Its name.
    pub name: Name,
    /// `owner`, `member`, `viewer`, or the id of a custom role.
    pub role: String,
}

/// One member, as the actor may see them.
pub(crate) async fn find_details(conn: &mut Conn<'_>, actor: &Actor, user: UserId) -> Result<MemberDetails> {
    let found = store::find_with_keys(conn, actor.organization, user).await?.ok_or(Error::NotFound("user"))?;
    details(conn, actor, vec![found]).await?.pop().ok_or(Error::NotFound("user"))
}

/// Adds what they hold to members.
async fn details(conn: &mut Conn<'_>, actor: &Actor, records: Vec<MemberRecord>) -> Result<Vec<MemberDetails>> {
    let users: Vec<_> = records.iter().map(|record| record.member.user.id).collect();
    let mut held: HashMap<UserId, Vec<HeldDirectly>> = HashMap::new();
    for one in store::held_by(conn, actor.organization, &users).await? {
        held.entry(one.user).or_default().push(one);
    }
    let details = records.into_iter().map(|MemberRecord { member, api_key_last_used_at }| {
        let held = held.remove(&member.user.id).unwrap_or_default();
        let roles = at_organization(&held);
        let (role, projects) = (organization_role_word(&roles), memberships(actor, &held));
        MemberDetails { member, role, roles, projects, api_key_last_used_at }
    });
    Ok(details.collect())
}

/// Once each, also what both somebody and single sign-on gave.
fn at_organization(held: &[HeldDirectly]) -> Vec<RoleId> {
    let mut roles: Vec<_> =
        held.iter().filter(|held| held.scope == Scope::Organization).map(|held| held.role).collect();
    roles.sort_unstable();
    roles.dedup();
    roles
}

fn memberships(actor: &Actor, held: &[HeldDirectly]) -> Vec<Membership> {
    let mut projects: Vec<(ProjectId, Name, Vec<RoleId>)> = Vec::new();
    // Those of one project stand together.
    for HeldDirectly { scope, project_name, role, .. } in held {
        let (Some(project), Some(name)) = (scope.project(), project_name) else { continue };
        if !actor.access.holds(Permission::MembersRead, *scope) {
            continue;
        }
        match projects.last_mut() {
            Some((last, _, roles)) if *last == project => roles.push(*role),
            _ => projects.push((project, name.clone(), vec![*role])),
        }
    }
    let membership =
        |(project, name, roles): (_, _, Vec<_>)| Membership { project, name, role: project_role_word(&roles) };
    projects.into_iter().map(membership).collect()
}
