//! Members of a project: those who hold a role there directly. Adding takes a
//! member of the organization; invitations bring new ones.

mod add;
mod list;
mod remove;
mod update;

use std::collections::BTreeSet;

use keyward_domain::{
    actor::Actor,
    assignment::project_role_word,
    id::{ProjectId, RoleId, UserId},
    role::{Role, Scope},
};
pub use keyward_store::member::ProjectMember;
use keyward_store::{
    Conn,
    organization::find_member,
    role_assignment::{self, Principal},
};

pub use add::{AddProjectMember, Who, add};
pub use list::{find, list};
pub use remove::remove;
pub use update::update;

use crate::{
    Error, Result,
    change::Change,
    role::find_to_give,
    role_assignment::{Seat, check_giving},
};

/// A member of a project with the word for what they hold there.
#[derive(Debug, Clone)]
pub struct ProjectMemberDetails {
    /// Who, and since when.
    pub member: ProjectMember,
    /// `owner`, `member`, `viewer`, or the id of a custom role.
    pub role: String,
    /// All that they hold there directly.
    pub roles: Vec<RoleId>,
}

fn seat(project: ProjectId, user: UserId) -> Seat {
    Seat { principal: Principal::User(user), scope: Scope::Project(project) }
}

/// The member of a project that a use case is about.
async fn find_in(conn: &mut Conn<'_>, actor: &Actor, project: ProjectId, user: UserId) -> Result<ProjectMemberDetails> {
    let found = find_member(conn, actor.organization, user).await?.ok_or(Error::NotFound("user"))?;
    let all = role_assignment::of_principal(conn, actor.organization, Principal::User(user)).await?;
    let here: Vec<_> = all.into_iter().filter(|held| held.scope == Scope::Project(project)).collect();
    let since = here.iter().map(|held| held.created_at).min().ok_or(Error::NotFound("member of the project"))?;
    let member = ProjectMember { user: found, added_at: keyward_domain::clock::from_millis(since) };
    Ok(ProjectMemberDetails::new(member, here.iter().map(|held| held.role).collect()))
}

impl ProjectMemberDetails {
    /// By hand and by single sign-on the same role can be held twice: it is one.
    fn new(member: ProjectMember, roles: BTreeSet<RoleId>) -> Self {
        let roles: Vec<_> = roles.into_iter().collect();
        Self { member, role: project_role_word(&roles), roles }
    }
}

/// The role that is to be held in the project.
async fn role_to_give(change: &mut Change<'_>, seat: Seat, role: RoleId) -> Result<Role> {
    let actor = change.actor.clone();
    let role = find_to_give(&mut change.conn(), &actor, seat.scope, role).await?;
    check_giving(&actor, "role", &role, seat)?;
    Ok(role)
}
