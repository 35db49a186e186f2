//! `GET /v1/auth/sso/callback/{organization_id}`

use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use keyward_service::sso::{self, Callback};
use keyward_web::cookie;

use super::COOKIE;
use crate::{
    Api, ApiError,
    error::ErrorResponse,
    extract::{Visitor, id},
};

/// Takes a browser back from an identity provider, and signs somebody in.
#[utoipa::path(
    get, path = "/v1/auth/sso/callback/{organization_id}", operation_id = "finish-sso", tag = "Signing in", security(()),
    params(
        ("organization_id" = String, Path, description = "Id of the organization"),
        ("state" = Option<String>, Query, description = "As the browser was sent out with"),
        ("code" = Option<String>, Query, description = "What Keyward redeems at the provider"),
        ("error" = Option<String>, Query, description = "Why there is no code"),
        ("iss" = Option<String>, Query, description = "The provider's issuer"),
    ),
    responses(
        (status = 303, description = "Signed in: to the page that was wanted, with the session's cookie."),
        (status = 403, body = ErrorResponse, description = "Not signed in; `code` says why: `sso_state_mismatch`, `sso_denied`, `sso_failed`, `sso_email_not_verified`, `sso_not_a_member`, `sso_member_disabled`, `sso_account_exists`."),
        (status = 502, body = ErrorResponse, description = "The provider can't be reached, isn't at an allowed address, or says something that can't be used."),
        (status = 504, body = ErrorResponse, description = "The provider didn't answer in time."),
    )
)]
pub async fn callback(
    State(api): State<Api>,
    Path(organization_id): Path<String>,
    Visitor(origin): Visitor,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let answer = async {
        let callback = Callback {
            organization: id(&organization_id, "organization")?,
            state: single(&uri, "state"),
            code: single(&uri, "code"),
            error: single(&uri, "error"),
            iss: single(&uri, "iss"),
            cookie: cookie::named(&headers, COOKIE).map(str::to_owned),
            previous: cookie::session_token(&headers),
            origin,
        };
        Ok::<_, ApiError>(sso::finish(&api.keyward, &api.sso, callback).await?)
    };
    // An attempt ends here, well or not.
    let over = cookie::set(COOKIE, "", 0);
    let mut response = match answer.await {
        Err(refused) => refused.into_response(),
        Ok(done) => {
            let session = &done.welcome.session;
            let signed_in = cookie::set_session(&done.welcome.token, api.keyward.now(), session.expires_at);
            let location = HeaderValue::try_from(done.return_to.as_str());
            let location = location.unwrap_or(HeaderValue::from_static("/"));
            (StatusCode::SEE_OTHER, [(header::LOCATION, location), (header::SET_COOKIE, signed_in)]).into_response()
        }
    };
    let headers = response.headers_mut();
    headers.append(header::SET_COOKIE, over);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// A parameter that stands in the query once; one that is repeated says nothing.
/// Providers add parameters of their own (`session_state`, `scope`, …), and
/// their codes are longer than what people type.
fn single(uri: &Uri, name: &str) -> Option<String> {
    let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let mut values = pairs.filter(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let first = values.next().filter(|value| !value.is_empty());
    first.filter(|_| values.next().is_none())
}
