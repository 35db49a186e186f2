//! Roles of the organization and of its projects.

mod create;
mod delete;
mod list;
mod modify;
mod object;
mod retrieve;

pub(crate) use object::{RoleObject, resource_type};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(retrieve::retrieve, modify::modify, delete::delete))
        .routes(routes!(list::list_of_project, create::create_in_project))
        .routes(routes!(retrieve::retrieve_of_project, modify::modify_of_project, delete::delete_of_project))
}
