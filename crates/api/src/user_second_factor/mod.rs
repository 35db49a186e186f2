//! The second factor of a member, for whoever helps them when it is lost.

mod delete;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(delete::delete))
}
