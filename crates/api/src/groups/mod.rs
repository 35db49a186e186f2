//! Groups of users, and who is in them.

mod create;
mod delete;
mod list;
mod member;
mod modify;
mod object;
mod retrieve;

pub(crate) use object::GroupObject;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(retrieve::retrieve, modify::modify, delete::delete))
        .routes(routes!(member::list, member::add))
        .routes(routes!(member::retrieve, member::remove))
}
