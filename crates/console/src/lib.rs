//! The console: the pages for people. It calls the same use cases as the admin
//! API and decides nothing: what somebody may do is the service's to say, a page
//! only leaves out what would be refused.
//!
//! One folder of `pages/` a page: handler and view model; its templates under
//! the same name in `templates/`. Every page is a plain link or form; htmx, when
//! the browser runs it, saves the reload.

mod assets;
mod columns;
mod form;
mod list;
mod pages;
mod problem_page;
mod respond;
mod shell;
mod toast;
mod visit;
mod when;

use std::sync::Arc;

use axum::{Router, middleware};
use keyward_service::{Keyward, credential::ModelLister, sso::SsoClient};
use tower_http::compression::CompressionLayer;

/// What pages share.
#[derive(Clone)]
pub struct Console {
    /// The service.
    pub keyward: Keyward,
    /// Asks providers for their models, to test a credential.
    pub models: Arc<dyn ModelLister>,
    /// Asks identity providers who somebody is.
    pub sso: Arc<SsoClient>,
}

/// The console, and `otherwise` for every address that isn't one of its pages.
/// Every request must carry a [`keyward_web::Caller`] as an extension.
pub fn router(console: Console, otherwise: Router) -> Router {
    let otherwise = otherwise.layer(middleware::from_fn(problem_page::tell_people));
    pages::routes()
        .merge(assets::routes())
        .method_not_allowed_fallback(problem_page::method_not_allowed)
        .layer(middleware::from_fn(respond::finish))
        .layer(CompressionLayer::new())
        .fallback_service(otherwise)
        .with_state(console)
}
