//! Looking up who is in a project.

use keyward_domain::{
    actor::Actor,
    id::{ProjectId, UserId},
    page::{Listed, Page},
    permission::Permission,
    role::Scope,
};
use keyward_store::member as store;

use super::{ProjectMemberDetails, find_in};
use crate::{Keyward, Result, authorize::authorize, place::find_place};

/// One page of a project's members.
pub async fn list(
    keyward: &Keyward,
    actor: &Actor,
    project: ProjectId,
    page: Page<UserId>,
) -> Result<Listed<ProjectMemberDetails>> {
    let scope = Scope::Project(project);
    authorize(actor, Permission::MembersRead, scope)?;
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    find_place(conn, actor.organization, scope).await?;
    let Listed { data, has_more } = store::in_project(conn, actor.organization, project, &page).await??;
    let users: Vec<_> = data.iter().map(|member| member.user.id).collect();
    let held = store::held_by(conn, actor.organization, &users).await?;
    let details = data.into_iter().map(|member| {
        let here = held.iter().filter(|held| held.user == member.user.id && held.scope == scope);
        let roles = here.map(|held| held.role).collect();
        ProjectMemberDetails::new(member, roles)
    });
    Ok(Listed { data: details.collect(), has_more })
}

/// One member of a project.
pub async fn find(keyward: &Keyward, actor: &Actor, project: ProjectId, user: UserId) -> Result<ProjectMemberDetails> {
    let scope = Scope::Project(project);
    authorize(actor, Permission::MembersRead, scope)?;
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    find_place(conn, actor.organization, scope).await?;
    find_in(conn, actor, project, user).await
}
