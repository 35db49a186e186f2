//! Single sign-on providers of an organization.

mod create;
mod delete;
mod list;
mod modify;
mod object;
mod retrieve;
mod test;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(retrieve::retrieve, modify::modify, delete::delete))
        .routes(routes!(test::test))
}
