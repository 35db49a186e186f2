//! Adding a member of the organization to a project.

use keyward_domain::{
    Invalid,
    actor::Actor,
    id::{ProjectId, RoleId, UserId},
    organization::Email,
    permission::Permission,
    role::Scope,
};
use keyward_store::{member as store, role_assignment::of_principal};
use serde_json::json;

use super::{ProjectMemberDetails, find_in, role_to_give, seat};
use crate::{
    Error, Keyward, Result,
    change::Event,
    place::find_place,
    role_assignment::{check_reach_of, give},
};

/// Who is to be added.
#[derive(Debug, Clone)]
pub enum Who {
    /// By their id.
    Id(UserId),
    /// By their address.
    Email(Email),
}

/// What is to be done.
#[derive(Debug, Clone)]
pub struct AddProjectMember {
    /// Where.
    pub project: ProjectId,
    /// Who.
    pub who: Who,
    /// What they will hold.
    pub role: RoleId,
}

/// Makes a member of the organization one of the project. Twice with the same
/// role is not an error.
pub async fn add(keyward: &Keyward, actor: &Actor, command: AddProjectMember) -> Result<ProjectMemberDetails> {
    let scope = Scope::Project(command.project);
    let mut change = keyward.change(actor, Permission::MembersManage, scope).await?;
    let organization = actor.organization;
    let project = find_place(&mut change.conn(), organization, scope).await?;
    let found = match &command.who {
        Who::Id(user) => store::find(&mut change.conn(), organization, *user).await?,
        Who::Email(email) => store::find_by_email(&mut change.conn(), organization, email).await?,
    };
    let user = found.ok_or_else(|| unknown(&command.who))?.member.user;
    let seat = seat(command.project, user.id);
    let role = role_to_give(&mut change, seat, command.role).await?;
    check_reach_of(&mut change, seat).await?;
    let held = of_principal(&mut change.conn(), organization, seat.principal).await?;
    let here: Vec<_> = held.iter().filter(|held| held.scope == scope).map(|held| held.role).collect();
    if !here.is_empty() && !here.contains(&role.id) {
        return Err(Error::Conflict {
            code: "already_member",
            param: Some("role"),
            message: "This user is already a member of the project, with another role: change that one instead.".into(),
        });
    }
    let is_new = give(&mut change, seat, &role, project.as_ref()).await?;
    if is_new {
        let described = json!({ "email": user.email, "name": user.name, "role": role.name });
        change.audit(Event::on("user.added", user.id, &(), &described).within(&project)).await?;
    }
    let actor = change.actor.clone();
    let details = find_in(&mut change.conn(), &actor, command.project, user.id).await?;
    if is_new {
        change.commit().await?;
    }
    Ok(details)
}

fn unknown(who: &Who) -> Error {
    let (param, what) = match who {
        Who::Id(_) => ("user_id", "This user isn't a member of the organization."),
        Who::Email(_) => ("email", "No member of the organization has this address."),
    };
    let message = format!("{what} Invite them to the organization first, then add them to the project.");
    Invalid::new(param, message).code("not_a_member").into()
}
