//! Why calls were let through or refused.

mod object;
mod retrieve;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(retrieve::retrieve))
}
