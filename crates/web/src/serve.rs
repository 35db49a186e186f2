//! A router as a function, for whatever server reads the requests.

use axum::Router;
use http_body_util::BodyExt;
use keyward_service::{Keyward, denied};
use tower::ServiceExt;

use crate::{Attempt, Caller, Denial, Problem};

/// The body of an answer.
pub type Body = http_body_util::combinators::UnsyncBoxBody<axum::body::Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// An answer on its way.
pub type BoxFuture<T> = std::pin::Pin<Box<dyn Future<Output = T> + Send>>;

/// Answers by `router`, and notes in the audit log what it denied somebody.
pub fn service<B>(
    keyward: Keyward,
    router: Router,
) -> impl Fn(http::Request<B>, Caller) -> BoxFuture<http::Response<Body>>
where
    B: http_body::Body<Data = axum::body::Bytes, Error: Into<axum::BoxError>> + Send + 'static,
{
    move |mut request, caller| {
        let (keyward, attempt) = (keyward.clone(), Attempt::default());
        request.extensions_mut().insert(caller);
        request.extensions_mut().insert(attempt.clone());
        let answer = router.clone().oneshot(request.map(axum::body::Body::new));
        Box::pin(async move {
            let answer = answer.await.unwrap_or_else(|never| match never {});
            if let (Some((actor, operation)), Some(lacking)) = (attempt.get(), denied(&answer)) {
                denied::note(&keyward, actor.clone(), operation, lacking);
            }
            boxed(answer)
        })
    }
}

/// What an answer denied. A page that shows a form again says so by its status
/// alone; the API's other refusals with that status are no denials.
fn denied(answer: &axum::response::Response) -> Option<&str> {
    match answer.extensions().get() {
        Some(Denial(lacking)) => Some(lacking),
        None if answer.status() == http::StatusCode::FORBIDDEN && answer.extensions().get::<Problem>().is_none() => {
            Some("forbidden")
        }
        None => None,
    }
}

/// The answer with its body as whoever writes it to the connection takes it.
pub fn boxed(answer: axum::response::Response) -> http::Response<Body> {
    answer.map(|body| body.map_err(Into::into).boxed_unsync())
}
