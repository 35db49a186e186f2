//! The OpenAPI document: generated from the routes, served, and committed as a
//! snapshot (`openapi/keyward.json`).

use axum::{Router, response::IntoResponse, routing::get};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        Content, Ref, RefOr, ResponseBuilder,
        extensions::ExtensionsBuilder,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use crate::{Api, data_plane, policy, routes};

#[derive(OpenApi)]
#[openapi(
    info(title = "Keyward", description = "The gate between LLM applications and model providers: calls to models, and administration.", license(name = "Apache-2.0", identifier = "Apache-2.0")),
    paths(openapi_document),
    modifiers(&Security),
    security(("admin_key" = []), ("session" = [])),
)]
struct Frame;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        for (name, described) in
            [("admin_key", "An admin key, sk-admin-…"), ("api_key", "A project's API key, sk-project-…")]
        {
            let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(described)).build();
            components.add_security_scheme(name, SecurityScheme::Http(scheme));
        }
        let described = "The session of a user who is signed in. What it changes must be asked by Keyward's own pages.";
        let cookie = ApiKeyValue::with_description("__Host-keyward", described);
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}

/// The document before this crate's routes are added.
pub(crate) fn frame() -> utoipa::openapi::OpenApi {
    Frame::openapi().merge_from(data_plane::described())
}

/// Answers this document.
#[utoipa::path(
    get, path = "/openapi.json", operation_id = "openapi", tag = "Operations", security(()),
    responses((status = 200, description = "An OpenAPI 3.1 document.", body = serde_json::Value))
)]
#[expect(
    dead_code,
    reason = "carries a description: the answer needs the finished document, so it is added to the router behind it"
)]
fn openapi_document() {}

/// The whole document.
pub fn document() -> utoipa::openapi::OpenApi {
    complete(routes().split_for_parts().1)
}

/// Adds what holds for every operation: what it asks of its caller, a
/// description of its answer (the specification wants one), and that a refusal
/// has the envelope.
pub(crate) fn complete(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    let envelope = Content::new(Some(Ref::from_schema_name("ErrorResponse")));
    let refusal = ResponseBuilder::new().description("A refusal.").content("application/json", envelope).build();
    for (path, item) in &mut document.paths.paths {
        let is_of_people = path.starts_with("/v1/auth/") || path.starts_with("/v1/account");
        for operation in [&mut item.get, &mut item.post, &mut item.delete].into_iter().flatten() {
            if let Some(needs) = operation.operation_id.as_deref().and_then(policy::needs) {
                let extension = ExtensionsBuilder::new().add("x-permission", needs.as_str()).build();
                operation.extensions.get_or_insert_default().merge(extension);
            }
            let responses = &mut operation.responses.responses;
            if operation.security.is_none() || is_of_people {
                responses.entry("default".into()).or_insert_with(|| refusal.clone().into());
            }
            for response in responses.values_mut() {
                if let RefOr::T(response) = response
                    && response.description.is_empty()
                {
                    response.description = "It was done.".into();
                }
            }
        }
    }
    document
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
