//! Roles: those that are built in and those that somebody made, what each
//! holds, and making, editing and deleting one. The handlers know a [`Place`]
//! only: they serve a project's roles as well as the organization's.

mod delete;
mod edit;
mod fields;
mod list;
mod matrix;

use axum::{Router, routing::get};
use keyward_domain::{
    access::Access,
    permission::Permission,
    role::{Role, Scope},
};
use keyward_service::{Error, role};

use super::place::Place;
use crate::{Console, shell::Shell};

pub fn routes() -> Router<Console> {
    ["/organization", "/projects/{project_id}/manage"].into_iter().fold(Router::new(), |router, root| {
        router
            .route(&format!("{root}/roles"), get(list::list).post(edit::create))
            .route(&format!("{root}/roles/permissions"), get(matrix::show))
            .route(&format!("{root}/roles/new"), get(edit::new))
            .route(&format!("{root}/roles/{{role_id}}"), get(edit::show).post(edit::save))
            .route(&format!("{root}/roles/{{role_id}}/delete"), get(delete::ask).post(delete::delete))
    })
}

/// The address of the list.
fn root(place: &Place) -> String {
    match place.scope() {
        Scope::Organization => format!("{}/roles", place.root()),
        Scope::Project(_) => format!("{}/manage/roles", place.root()),
    }
}

fn page_of(place: &Place, role: &Role) -> String {
    format!("{}/{}", root(place), role.id)
}

/// Around a page below the list.
fn below(place: &Place, title: &str) -> Shell {
    place.shell(title).crumb(root(place), "Roles")
}

/// Whether an edit by the visitor would be let through.
fn may_edit(place: &Place, role: &Role) -> bool {
    role.custom.is_some()
        && place.may(Permission::RolesManage)
        && place.visit.actor.access.covers(&Access::of_role(role, place.scope()))
}

/// The role that the address names.
async fn find(console: &Console, place: &Place) -> Result<Role, Error> {
    role::find(&console.keyward, &place.visit.actor, place.scope(), place.id("role_id", "role")?).await
}
