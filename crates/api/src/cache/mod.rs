//! The response cache of a project: what is decided about it, and emptying it.

mod modify;
mod object;
mod purge;
mod retrieve;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(retrieve::retrieve, modify::modify)).routes(routes!(purge::purge))
}
