//! The specification's view of a project's list of models.

mod delete;
mod object;
mod retrieve;
mod update;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(retrieve::retrieve, update::update, delete::delete))
}
