//! What every page answers with: rendered templates, redirects, and the headers
//! that say what a browser may do with them.

use askama::Template;
use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};

use crate::{problem_page, toast};

/// Nothing is loaded from elsewhere, no script or style stands in a page, no
/// page stands in another's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
    form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// A page.
pub fn html(template: &impl Template) -> Response {
    html_with(StatusCode::OK, template)
}

/// A page with another status than 200.
pub fn html_with(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => (status, Html(text)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page can't be rendered");
            problem_page::internal()
        }
    }
}

/// To another page, by GET.
pub fn to(path: &str) -> Response {
    let location = HeaderValue::try_from(path).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

/// Whether a request is for the inside of a dialog.
pub fn is_for_dialog(headers: &HeaderMap) -> bool {
    headers.get("hx-target").is_some_and(|target| target == "dialog")
}

/// Adds what every answer of the console carries.
pub async fn finish(request: Request, next: Next) -> Response {
    let (in_dialog, has_toast) = (is_for_dialog(request.headers()), toast::is_waiting(request.headers()));
    let is_asset = request.uri().path().starts_with("/assets/");
    let mut response = next.run(request).await;
    if in_dialog && response.status() == StatusCode::SEE_OTHER {
        leave_dialog(&mut response);
    }
    let headers = response.headers_mut();
    if is_asset {
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        return response;
    }
    protect(headers);
    if has_toast && response.status() == StatusCode::OK {
        response.headers_mut().append(header::SET_COOKIE, toast::clear());
    }
    response
}

/// What a browser may do with a page.
pub fn protect(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        // Whoever comes to the browser after a sign-out finds nothing.
        (header::CACHE_CONTROL, "no-store"),
        (header::VARY, "HX-Target, Cookie"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

/// What was done in a dialog leads to a page: the browser goes there, instead
/// of showing it within the dialog.
fn leave_dialog(response: &mut Response) {
    let location = response.headers().get(header::LOCATION).and_then(|location| location.to_str().ok());
    let go =
        serde_json::json!({ "path": location.unwrap_or("/"), "target": "body", "swap": "innerHTML show:window:top" });
    if let Ok(go) = HeaderValue::try_from(go.to_string()) {
        response.headers_mut().insert("hx-location", go);
        response.headers_mut().remove(header::LOCATION);
        *response.status_mut() = StatusCode::NO_CONTENT;
    }
}
