//! Members of the organization.

mod delete;
mod list;
mod modify;
mod object;
mod retrieve;

pub(crate) use object::UserObject;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list::list)).routes(routes!(retrieve::retrieve, modify::modify, delete::delete))
}
