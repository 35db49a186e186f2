//! Groups of the organization: list, create, one group with its members and
//! roles, rename, delete.

mod create;
mod delete;
mod list;
mod members;
mod roles;
mod show;

use axum::{
    Router,
    routing::{get, post},
};
use keyward_domain::{group::Group, id::GroupId, permission::Permission, role::Scope};
use keyward_service::{Error, group};

use crate::{Console, shell::Shell, visit::Visit};

const ROOT: &str = "/organization/groups";

pub fn routes() -> Router<Console> {
    Router::new()
        .route(ROOT, get(list::list).post(create::create))
        .route("/organization/groups/new", get(create::show))
        .route("/organization/groups/{group_id}", get(show::show).post(show::rename))
        .route("/organization/groups/{group_id}/delete", get(delete::ask).post(delete::delete))
        .route("/organization/groups/{group_id}/members", post(members::add))
        .route("/organization/groups/{group_id}/members/{user_id}/remove", get(members::ask).post(members::remove))
        .route("/organization/groups/{group_id}/roles", post(roles::assign))
        .route("/organization/groups/{group_id}/roles/{role_id}/unassign", get(roles::ask).post(roles::unassign))
}

/// The group that an address names.
async fn find(console: &Console, visit: &Visit, id: &str) -> Result<Group, Error> {
    let id: GroupId = id.parse().map_err(|_| Error::NotFound("group"))?;
    group::find(&console.keyward, &visit.actor, id).await
}

fn page_of(group: &Group) -> String {
    format!("{ROOT}/{}", group.id)
}

/// Around a page below a group's.
fn shell(visit: &Visit, group: &Group, title: &str) -> Shell {
    Shell::new(visit, title).crumb(ROOT, "Groups").crumb(page_of(group), group.name.to_string())
}

fn may_manage(visit: &Visit) -> bool {
    visit.may(Permission::GroupsManage, Scope::Organization)
}
