//! Invitations, as members send and withdraw them.

mod create;
mod delete;
mod list;
mod object;
mod resend;
mod retrieve;

pub(crate) use object::ShownLink;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(retrieve::retrieve, delete::delete))
        .routes(routes!(resend::resend))
}
