//! Groups in a project: those that hold a role there. Whoever is in such a
//! group holds it too.

use keyward_domain::{
    Timestamp,
    actor::Actor,
    clock::from_millis,
    group::Group,
    id::{GroupId, ProjectId, RoleId},
    page::{Listed, Page},
    permission::Permission,
    role::Scope,
};
use keyward_store::{Conn, group as store, role_assignment};

use crate::{
    Error, Keyward, Result,
    authorize::authorize,
    group,
    place::find_place,
    role::find_to_give,
    role_assignment::{Principal, Seat, check_giving, check_reach_of, give, held_directly, managed_by_sso, replace},
};

/// A group that holds a role in a project.
#[derive(Debug, Clone)]
pub struct ProjectGroup {
    /// The project.
    pub project: ProjectId,
    /// The group.
    pub group: Group,
    /// Since when.
    pub added_at: Timestamp,
    /// What it holds there.
    pub roles: Vec<RoleId>,
}

/// One page of the groups in a project.
pub async fn list(
    keyward: &Keyward,
    actor: &Actor,
    project: ProjectId,
    page: Page<GroupId>,
) -> Result<Listed<ProjectGroup>> {
    let scope = Scope::Project(project);
    authorize(actor, Permission::MembersRead, scope)?;
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    find_place(conn, actor.organization, scope).await?;
    let Listed { data, has_more } = store::in_project(conn, actor.organization, project, &page).await??;
    let held = role_assignment::at(conn, actor.organization, scope, "group").await?;
    let groups = data.into_iter().map(|(group, since)| {
        let own = held.iter().filter(|held| held.principal == Principal::Group(group.id));
        let roles = own.map(|held| held.role).collect();
        ProjectGroup { project, group, added_at: from_millis(since), roles }
    });
    Ok(Listed { data: groups.collect(), has_more })
}

/// One group in a project.
pub async fn find(keyward: &Keyward, actor: &Actor, project: ProjectId, id: GroupId) -> Result<ProjectGroup> {
    let scope = Scope::Project(project);
    authorize(actor, Permission::MembersRead, scope)?;
    let mut connection = keyward.read().await?;
    let conn = &mut connection.conn();
    find_place(conn, actor.organization, scope).await?;
    find_in(conn, actor, project, id).await
}

async fn find_in(conn: &mut Conn<'_>, actor: &Actor, project: ProjectId, id: GroupId) -> Result<ProjectGroup> {
    let group = group::find_in(conn, actor.organization, id).await?;
    let all = role_assignment::of_principal(conn, actor.organization, Principal::Group(id)).await?;
    let here = || all.iter().filter(|held| held.scope == Scope::Project(project));
    let since = here().map(|held| held.created_at).min().ok_or(Error::NotFound("group of the project"))?;
    let roles = here().map(|held| held.role).collect();
    Ok(ProjectGroup { project, group, added_at: from_millis(since), roles })
}

/// Gives a group a role in a project. Twice is not an error.
pub async fn add(
    keyward: &Keyward,
    actor: &Actor,
    project: ProjectId,
    id: GroupId,
    role: RoleId,
) -> Result<ProjectGroup> {
    let seat = Seat { principal: Principal::Group(id), scope: Scope::Project(project) };
    let mut change = keyward.change(actor, Permission::MembersManage, seat.scope).await?;
    let actor = change.actor.clone();
    let place = find_place(&mut change.conn(), actor.organization, seat.scope).await?;
    group::find_in(&mut change.conn(), actor.organization, id).await?;
    let role = find_to_give(&mut change.conn(), &actor, seat.scope, role).await?;
    check_giving(&actor, "role", &role, seat)?;
    check_reach_of(&mut change, seat).await?;
    let is_new = give(&mut change, seat, &role, place.as_ref()).await?;
    let found = find_in(&mut change.conn(), &actor, project, id).await?;
    if is_new {
        change.commit().await?;
    }
    Ok(found)
}

/// Takes all roles of a group in a project.
pub async fn remove(keyward: &Keyward, actor: &Actor, project: ProjectId, id: GroupId) -> Result<()> {
    let seat = Seat { principal: Principal::Group(id), scope: Scope::Project(project) };
    let mut change = keyward.change(actor, Permission::MembersManage, seat.scope).await?;
    let place = find_place(&mut change.conn(), actor.organization, seat.scope).await?;
    find_in(&mut change.conn(), actor, project, id).await?;
    check_reach_of(&mut change, seat).await?;
    let held = held_directly(&mut change.conn(), actor.organization, seat).await?;
    if held.iter().any(|(_, source)| source.is_some()) {
        return Err(managed_by_sso("This role"));
    }
    replace(&mut change, seat, None, place.as_ref()).await?;
    change.commit().await
}
