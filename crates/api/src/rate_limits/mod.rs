//! The specification's view of a project's limits: those that are for models.

mod list;
mod object;
mod update;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list::list)).routes(routes!(update::update))
}
