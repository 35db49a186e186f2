//! The admin API over HTTP: one folder a resource, one file an operation. A
//! handler reads the request, calls one use case and writes the answer; it
//! decides nothing.
//!
//! Who may come in stands in a handler's signature: [`extract::AdminActor`] and
//! [`extract::SessionActor`] are the only ways to an actor, and an operation
//! without one is public.

mod account;
mod admin_api_keys;
mod api_keys;
mod audit_logs;
mod auth;
mod budgets;
mod cache;
mod credentials;
mod data_plane;
mod decisions;
mod error;
pub mod extract;
mod groups;
mod invitations;
mod invites;
mod limits;
mod list;
mod model_aliases;
mod model_permissions;
mod not_found;
mod openapi;
mod operations;
mod organization;
mod password_reset;
mod permissions;
pub mod policy;
mod prices;
mod project_groups;
mod project_users;
mod projects;
mod rate_limits;
mod retention;
mod reveal;
mod role_assignments;
mod roles;
mod service_accounts;
mod setup;
mod spend_alerts;
mod spend_limits;
mod sso_providers;
mod time;
mod usage;
mod user_second_factor;
mod users;

pub use error::ApiError;
pub use openapi::document;

use std::sync::Arc;

use axum::Router;
use keyward_service::{Keyward, credential::ModelLister, sso::SsoClient};
use keyward_web::Problem;
use utoipa_axum::router::OpenApiRouter;

/// What handlers share.
#[derive(Clone)]
pub struct Api {
    /// The service.
    pub keyward: Keyward,
    /// Asks providers for their models, to test a credential.
    pub models: Arc<dyn ModelLister>,
    /// Asks identity providers who somebody is.
    pub sso: Arc<SsoClient>,
}

/// Every route with its description.
fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(openapi::frame())
        .merge(operations::routes())
        .merge(projects::routes())
        .merge(model_permissions::routes())
        .merge(limits::routes())
        .merge(budgets::routes())
        .merge(spend_limits::routes())
        .merge(spend_alerts::routes())
        .merge(model_aliases::routes())
        .merge(rate_limits::routes())
        .merge(cache::routes())
        .merge(api_keys::routes())
        .merge(admin_api_keys::routes())
        .merge(audit_logs::routes())
        .merge(permissions::routes())
        .merge(credentials::routes())
        .merge(service_accounts::routes())
        .merge(auth::routes())
        .merge(account::routes())
        .merge(user_second_factor::routes())
        .merge(users::routes())
        .merge(groups::routes())
        .merge(roles::routes())
        .merge(role_assignments::routes())
        .merge(project_users::routes())
        .merge(project_groups::routes())
        .merge(invites::routes())
        .merge(invitations::routes())
        .merge(password_reset::routes())
        .merge(setup::routes())
        .merge(organization::routes())
        .merge(retention::routes())
        .merge(sso_providers::routes())
        .merge(usage::routes())
        .merge(decisions::routes())
        .merge(prices::routes())
}

/// The admin API. Every request must carry a
/// [`keyward_web::Caller`] as an extension: who
/// is connected, and the request's id.
pub fn router(api: Api) -> Router {
    let (router, document) = routes().split_for_parts();
    router
        .merge(openapi::served(openapi::complete(document)))
        .fallback(not_found::unknown_url)
        .method_not_allowed_fallback(not_found::method_not_allowed)
        .with_state(api)
}

/// The answer of a handler that panicked.
pub fn broken() -> axum::response::Response {
    axum::response::IntoResponse::into_response(ApiError::from(Problem::internal()))
}
