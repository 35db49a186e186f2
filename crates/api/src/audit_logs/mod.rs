//! The audit log.

mod export;
mod filter;
mod list;
mod object;
mod verify;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list::list)).routes(routes!(export::export)).routes(routes!(verify::verify))
}
