//! The OpenAPI document: generated from the routes, served, and committed as a
//! snapshot (`openapi/keyward.json`).

use axum::{Router, response::IntoResponse, routing::get};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};

use crate::{Api, routes};

#[derive(OpenApi)]
#[openapi(
    info(title = "Keyward", description = "The gate between LLM applications and model providers: administration.", license(name = "Apache-2.0", identifier = "Apache-2.0")),
    modifiers(&Security),
    security(("admin_key" = [])),
)]
struct Frame;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let scheme =
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("An admin key, sk-admin-…")).build();
        components.add_security_scheme("admin_key", SecurityScheme::Http(scheme));
    }
}

pub(crate) fn frame() -> utoipa::openapi::OpenApi {
    Frame::openapi()
}

/// The whole document.
pub fn document() -> utoipa::openapi::OpenApi {
    routes().split_for_parts().1
}

/// Serves the document at `/openapi.json`.
pub(crate) fn served(document: utoipa::openapi::OpenApi) -> Router<Api> {
    let text: axum::body::Bytes = document.to_json().unwrap_or_default().into();
    let answer = move || {
        let text = text.clone();
        async move { ([("content-type", "application/json")], text).into_response() }
    };
    Router::new().route("/openapi.json", get(answer))
}
