//! The organization itself: its name, and how its members come in.

mod modify;
mod object;
mod retrieve;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(retrieve::retrieve, modify::modify))
}
