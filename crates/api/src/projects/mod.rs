//! Projects.

mod archive;
mod create;
mod list;
mod modify;
mod object;
mod refuse_deletion;
mod retrieve;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(retrieve::retrieve, modify::modify, refuse_deletion::refuse_deletion))
        .routes(routes!(archive::archive))
        .routes(routes!(archive::activate))
}
