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
mod credentials;
mod data_plane;
mod error;
pub mod extract;
mod groups;
mod invitations;
mod invites;
mod list;
mod not_found;
mod openapi;
mod operations;
mod organization;
mod password_reset;
mod permissions;
pub mod policy;
mod project_groups;
mod project_users;
mod projects;
mod reveal;
mod role_assignments;
mod roles;
mod service_accounts;
mod setup;
mod sso_providers;
mod time;
mod user_second_factor;
mod users;

pub use error::ApiError;
pub use extract::Caller;
pub use openapi::document;

use std::sync::Arc;

use axum::Router;
use error::Denial;
use extract::Attempt;
use http_body_util::BodyExt;
use keyward_service::{Keyward, credential::ModelLister, denied, sso::SsoClient};
use tower::ServiceExt;
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
        .merge(sso_providers::routes())
}

/// The admin API. Every request must carry a [`Caller`] as an extension: who
/// is connected, and the request's id.
pub fn router(api: Api) -> Router {
    let (router, document) = routes().split_for_parts();
    router
        .merge(openapi::served(openapi::complete(document)))
        .fallback(not_found::unknown_url)
        .method_not_allowed_fallback(not_found::method_not_allowed)
        .with_state(api)
}

/// The body of an answer.
pub type Body = http_body_util::combinators::UnsyncBoxBody<axum::body::Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// The admin API as a function, for whatever server reads the requests.
pub fn service<B>(api: Api) -> impl Fn(http::Request<B>, Caller) -> BoxFuture<http::Response<Body>>
where
    B: http_body::Body<Data = axum::body::Bytes, Error: Into<axum::BoxError>> + Send + 'static,
{
    let (keyward, router) = (api.keyward.clone(), router(api));
    move |mut request, caller| {
        let (keyward, attempt) = (keyward.clone(), Attempt::default());
        request.extensions_mut().insert(caller);
        request.extensions_mut().insert(attempt.clone());
        let answer = router.clone().oneshot(request.map(axum::body::Body::new));
        Box::pin(async move {
            let answer = answer.await.unwrap_or_else(|never| match never {});
            if let Some(Denial(lacking)) = answer.extensions().get()
                && let Some((actor, operation)) = attempt.0.get()
            {
                denied::note(&keyward, actor.clone(), operation, lacking);
            }
            answer.map(|body| body.map_err(Into::into).boxed_unsync())
        })
    }
}

type BoxFuture<T> = std::pin::Pin<Box<dyn Future<Output = T> + Send>>;

/// The answer of a handler that panicked.
pub fn broken() -> http::Response<Body> {
    let error = ApiError::new(
        http::StatusCode::INTERNAL_SERVER_ERROR,
        "internal_error",
        "Something went wrong inside Keyward. Its log says what, under this request's x-request-id.",
    );
    axum::response::IntoResponse::into_response(error).map(|body| body.map_err(Into::into).boxed_unsync())
}
