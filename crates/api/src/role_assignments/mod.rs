//! Who holds which role: users and groups, at the organization and in projects.

mod assign;
mod list;
mod object;
mod retrieve;
mod unassign;

use keyward_domain::role::Scope;
use keyward_service::role_assignment::{Principal, Seat};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{Api, ApiError, extract::id};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list_of_user, assign::assign_of_user))
        .routes(routes!(retrieve::retrieve_of_user, unassign::unassign_of_user))
        .routes(routes!(list::list_of_group, assign::assign_of_group))
        .routes(routes!(retrieve::retrieve_of_group, unassign::unassign_of_group))
        .routes(routes!(list::list_of_project_user, assign::assign_of_project_user))
        .routes(routes!(retrieve::retrieve_of_project_user, unassign::unassign_of_project_user))
        .routes(routes!(list::list_of_project_group, assign::assign_of_project_group))
        .routes(routes!(retrieve::retrieve_of_project_group, unassign::unassign_of_project_group))
}

/// What a path says of a user, at the organization or in a project.
fn user_seat(user_id: &str, project_id: Option<&str>) -> Result<Seat, ApiError> {
    let scope = scope(project_id)?;
    Ok(Seat { principal: Principal::User(id(user_id, "user")?), scope })
}

/// What a path says of a group, at the organization or in a project.
fn group_seat(group_id: &str, project_id: Option<&str>) -> Result<Seat, ApiError> {
    let scope = scope(project_id)?;
    Ok(Seat { principal: Principal::Group(id(group_id, "group")?), scope })
}

fn scope(project_id: Option<&str>) -> Result<Scope, ApiError> {
    match project_id {
        None => Ok(Scope::Organization),
        Some(project) => Ok(Scope::Project(id(project, "project")?)),
    }
}
