//! Signing in by single sign-on: a browser's way out to the provider, and back.

mod callback;
mod start;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Api;

/// The attempt that is under way. The browser sends it back to this very host
/// only.
const COOKIE: &str = "__Host-keyward-sso";

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(start::start)).routes(routes!(callback::callback))
}
