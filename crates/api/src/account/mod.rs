//! What is a person's own. Every operation needs a session: the signature of
//! each says so.

mod change_password;
mod modify;
mod object;
mod retrieve;
mod second_factor;
mod sessions;
mod switch_organization;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(retrieve::retrieve, modify::modify))
        .routes(routes!(change_password::change_password))
        .routes(routes!(switch_organization::switch_organization))
        .routes(routes!(sessions::list))
        .routes(routes!(sessions::revoke_others))
        .routes(routes!(sessions::delete))
        .merge(second_factor::routes())
}
