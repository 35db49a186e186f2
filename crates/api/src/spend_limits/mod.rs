//! The specification's hard spend limits: the strict budget of calendar months, of
//! a project or of the organization, in cents.

mod delete;
mod object;
mod retrieve;
mod update;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(retrieve::retrieve_of_project, update::update_of_project, delete::delete_of_project))
        .routes(routes!(retrieve::retrieve, update::update, delete::delete))
}
