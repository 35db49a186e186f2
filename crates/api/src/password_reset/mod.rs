//! Setting a password anew, without the old one.

mod complete;
mod hand_over;
mod request;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(request::request))
        .routes(routes!(complete::complete))
        .routes(routes!(hand_over::hand_over))
}
