//! The organization's people: its members, one member, and invitations, which
//! stand in each project too.

mod invitations;
mod invite;
mod link;
mod list;
mod show;
mod switch;

use axum::{
    Router,
    routing::{get, post},
};
use keyward_domain::{id::UserId, permission::Permission, role::Scope};
use keyward_service::{
    Error,
    member::{self, MemberDetails},
};

use super::parts::Tab;
use crate::{Console, visit::Visit};

const ROOT: &str = "/organization/users";
const INVITATIONS: &str = "/organization/users/invitations";

pub fn routes() -> Router<Console> {
    Router::new()
        .route(ROOT, get(list::list))
        .route(INVITATIONS, get(invitations::list).post(invite::send))
        .route("/projects/{project_id}/manage/users/invitations", get(invitations::list))
        .route("/organization/users/invitations/new", get(invite::show))
        .route("/organization/users/invitations/{invitation_id}/{action}", get(invitations::ask).post(invitations::act))
        .route(
            "/projects/{project_id}/manage/users/invitations/{invitation_id}/{action}",
            get(invitations::ask).post(invitations::act),
        )
        .route("/organization/users/{user_id}", get(show::show))
        .route("/organization/users/{user_id}/roles", post(show::assign))
        .route("/organization/users/{user_id}/roles/{role_id}/unassign", get(show::ask_unassign).post(show::unassign))
        .route("/organization/users/{user_id}/{action}", get(switch::ask).post(switch::act))
}

/// The member that an address names.
async fn find(console: &Console, visit: &Visit, id: &str) -> Result<MemberDetails, Error> {
    let id: UserId = id.parse().map_err(|_| Error::NotFound("user"))?;
    member::find(&console.keyward, &visit.actor, id).await
}

fn page_of(id: UserId) -> String {
    format!("{ROOT}/{id}")
}

/// The tabs of both lists.
fn tabs(here: &str) -> Vec<Tab> {
    [(ROOT, "Members"), (INVITATIONS, "Invitations")]
        .map(|(href, label)| Tab { href: href.to_owned(), label, is_here: href == here })
        .into()
}

/// Whether the visitor manages members, of the organization or of any project.
fn may_invite(visit: &Visit) -> bool {
    let permission = Permission::MembersManage;
    visit.may(permission, Scope::Organization) || visit.actor.access.projects_with(permission).next().is_some()
}
