//! The pages: one folder or file a page, with its routes.

mod account;
mod admin_keys;
mod api_keys;
mod audit;
mod budgets;
mod cache;
mod confirm;
mod credentials;
mod decisions;
mod grants;
mod groups;
mod guide;
mod invitation;
mod limits;
mod manage;
mod model_aliases;
mod new_password;
mod notice;
mod parts;
mod password_reset;
mod place;
mod prices;
mod project_grants;
mod projects;
mod retention;
mod roles;
mod service_accounts;
mod settings;
mod setup;
mod sign_in;
mod spend_alerts;
mod sso;
mod styleguide;
mod usage;
mod users;

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
        .merge(limits::routes())
        .merge(budgets::routes())
        .merge(spend_alerts::routes())
        .merge(cache::routes())
        .merge(model_aliases::routes())
        .merge(service_accounts::routes())
        .merge(audit::routes())
        .merge(users::routes())
        .merge(groups::routes())
        .merge(retention::routes())
        .merge(roles::routes())
        .merge(admin_keys::routes())
        .merge(sso::routes())
        .merge(settings::routes())
        .merge(usage::routes())
        .merge(decisions::routes())
        .merge(prices::routes())
        .merge(styleguide::routes())
        .layer(middleware::from_fn(keep_form))
}
