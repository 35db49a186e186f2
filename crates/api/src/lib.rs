//! The admin API over HTTP: one folder a resource, one file an operation. A
//! handler reads the request, calls one use case and writes the answer; it
//! decides nothing.
//!
//! Who may come in stands in a handler's signature: [`extract::AdminActor`] is
//! the only way to an actor, and an operation without one is public.

mod error;
pub mod extract;
mod list;
mod not_found;
mod openapi;
mod operations;
mod projects;
mod time;

pub use error::ApiError;
pub use extract::Caller;
pub use openapi::document;

use axum::Router;
use keyward_service::Keyward;
use utoipa_axum::router::OpenApiRouter;

/// What handlers share.
#[derive(Clone)]
pub struct Api {
    /// The service.
    pub keyward: Keyward,
}

/// Every route with its description.
fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(openapi::frame()).merge(operations::routes()).merge(projects::routes())
}

/// The admin API. Every request must carry a [`Caller`] as an extension: who
/// is connected, and the request's id.
pub fn router(api: Api) -> Router {
    let (router, document) = routes().split_for_parts();
    router
        .merge(openapi::served(document))
        .fallback(not_found::unknown_url)
        .method_not_allowed_fallback(not_found::method_not_allowed)
        .with_state(api)
}
