//! Permissions.

mod list;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list::list))
}
