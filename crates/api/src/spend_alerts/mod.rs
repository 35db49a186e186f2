//! The specification's spend alerts, of projects and of the organization.

mod create;
mod delete;
mod list;
mod modify;
mod object;
mod retrieve;
mod terms;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list_of_project, create::create_of_project))
        .routes(routes!(retrieve::retrieve_of_project, modify::modify_of_project, delete::delete_of_project))
        .routes(routes!(list::list, create::create))
        .routes(routes!(retrieve::retrieve, modify::modify, delete::delete))
}
