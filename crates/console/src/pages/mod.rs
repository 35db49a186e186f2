//! The pages: one folder or file a page, with its routes.

mod account;
mod api_keys;
mod audit;
mod confirm;
mod credentials;
mod guide;
mod invitation;
mod manage;
mod new_password;
mod notice;
mod parts;
mod password_reset;
mod place;
mod projects;
mod setup;
mod sign_in;

use axum::{Router, middleware, routing::get};

use crate::{Console, problem_page::keep_form, respond::to};

/// Every page.
pub fn routes() -> Router<Console> {
    Router::new()
        .route("/", get(async || to("/projects")))
        .merge(account::routes())
        .merge(guide::routes())
        .merge(invitation::routes())
        .merge(password_reset::routes())
        .merge(setup::routes())
        .merge(sign_in::routes())
        .merge(projects::routes())
        .merge(api_keys::routes())
        .merge(credentials::routes())
        .merge(manage::routes())
        .merge(audit::routes())
        .layer(middleware::from_fn(keep_form))
}
