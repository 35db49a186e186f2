//! `GET /v1/auth/sso/{sso_provider_id}/start`

use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use keyward_domain::sso::ReturnTo;
use keyward_service::sso::{self, ATTEMPT_LASTS};
use keyward_web::cookie;

use super::COOKIE;
use crate::{
    Api, ApiError,
    error::ErrorResponse,
    extract::{Query, id},
};

/// Sends a browser to an identity provider, to sign in there.
#[utoipa::path(
    get, path = "/v1/auth/sso/{sso_provider_id}/start", operation_id = "start-sso", tag = "Signing in", security(()),
    params(
        ("sso_provider_id" = String, Path, description = "Id of the provider"),
        ("return_to" = Option<String>, Query, description = "The page of this site to go to afterwards: a path; `/` unless given"),
    ),
    responses(
        (status = 302, description = "To the provider, with a cookie that must come back within ten minutes."),
        (status = 404, body = ErrorResponse, description = "There is no such provider, or it is disabled."),
        (status = 502, body = ErrorResponse, description = "The provider can't be reached, isn't at an allowed address, or says something that can't be used."),
        (status = 504, body = ErrorResponse, description = "The provider didn't answer in time."),
    )
)]
pub async fn start(
    State(api): State<Api>,
    Path(sso_provider_id): Path<String>,
    headers: HeaderMap,
    mut query: Query,
) -> Result<Response, ApiError> {
    let return_to = query.one("return_to")?.map(|text| ReturnTo::parse("return_to", &text)).transpose()?;
    query.end()?;
    check_is_navigation(&headers)?;
    let id = id(&sso_provider_id, "single sign-on provider")?;
    let started = sso::start(&api.keyward, &api.sso, id, return_to.unwrap_or_default()).await?;
    let location = HeaderValue::try_from(started.location.as_str()).map_err(|_| ApiError::not_found("address"))?;
    let headers = [
        (header::LOCATION, location),
        (header::SET_COOKIE, cookie::set(COOKIE, &started.cookie, ATTEMPT_LASTS.as_secs())),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    Ok((StatusCode::FOUND, headers).into_response())
}

/// Refuses what a page does behind somebody's back (an image, a frame, a
/// script): signing in is something that one sees. Browsers say which it is.
fn check_is_navigation(headers: &HeaderMap) -> Result<(), ApiError> {
    let says = |name: &str, word: &str| headers.get(name).is_none_or(|value| value == word);
    if says("sec-fetch-mode", "navigate") && says("sec-fetch-dest", "document") {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::FORBIDDEN,
        "cross_site_request",
        "Signing in begins by opening this address in a window of its own, not from within a page.",
    ))
}
