//! What people see when something isn't possible.

use askama::Template;
use axum::{
    body::{self, Body},
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use keyward_domain::Invalid;
use keyward_service::Error;
use keyward_web::Problem;

use crate::{
    assets::{ASSETS, Assets},
    form::{self, Form},
    respond::{html_with, protect, to},
    visit::{BOUND_TO, BoundTo, Look, is_of_a_person},
};

/// Why there is no such page for this visitor.
#[derive(Debug)]
pub enum Refused {
    /// They must sign in first.
    SignedOut {
        /// The page that they wanted; `None` if it was a form.
        back_to: Option<String>,
    },
    /// It isn't possible.
    Problem(Problem),
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Problem(error.into())
    }
}

impl From<Invalid> for Refused {
    fn from(invalid: Invalid) -> Self {
        Self::Problem(invalid.into())
    }
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    title: &'a str,
    message: &'a str,
    code: &'a str,
    /// Where to go from here, and what that is called.
    way_on: (&'static str, &'static str),
    look: Look,
    assets: &'static Assets,
}

#[derive(Template)]
#[template(path = "signed_out.html")]
struct SignedOutPage<'a> {
    path: &'a str,
    fields: Vec<(&'a str, &'a str)>,
    look: Look,
    assets: &'static Assets,
}

/// Longest address that is gone back to after signing in, in bytes.
const MAX_NEXT: usize = 1000;

/// Marks the answer to a form of somebody whose session ended.
#[derive(Clone)]
struct FormWithoutSession;

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::SignedOut { back_to: Some(path) } if path.len() <= MAX_NEXT => {
                let next = form_urlencoded::Serializer::new(String::new()).append_pair("next", &path).finish();
                to(&format!("/login?{next}"))
            }
            Self::SignedOut { back_to } => {
                let mut response = to("/login");
                if back_to.is_none() {
                    response.extensions_mut().insert(FormWithoutSession);
                }
                response
            }
            Self::Problem(problem) => page(&problem),
        }
    }
}

const TO_PROJECTS: (&str, &str) = ("/projects", "To the projects");
const TO_SIGN_IN: (&str, &str) = ("/login", "Back to signing in");

/// A problem as a page.
pub fn page(problem: &Problem) -> Response {
    page_leading(problem, if problem.status == StatusCode::UNAUTHORIZED { TO_SIGN_IN } else { TO_PROJECTS })
}

fn page_leading(problem: &Problem, way_on: (&'static str, &'static str)) -> Response {
    let title = match problem.code {
        "invalid_link" => "This link isn't good any more",
        code if code.starts_with("sso_") => "You aren't signed in",
        _ => title(problem),
    };
    let template = ProblemPage {
        title,
        message: &problem.message,
        code: problem.code,
        way_on,
        look: Look::default(),
        assets: &ASSETS,
    };
    let mut response = html_with(problem.status, &template);
    response.headers_mut().extend(problem.headers());
    if let Some(denial) = problem.denial() {
        response.extensions_mut().insert(denial);
    }
    response
}

fn title(problem: &Problem) -> &'static str {
    match problem.status.as_u16() {
        401 => "You aren't signed in",
        403 => "This isn't yours to do",
        404 => "There is nothing here",
        409 | 412 => "Things have changed",
        429 => "Wait a moment",
        500.. => "Something is broken",
        _ => "This isn't possible",
    }
}

/// What is told when a page can't even be rendered.
pub fn internal() -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, Problem::internal().message).into_response()
}

/// A page that takes no such method.
pub async fn method_not_allowed() -> Response {
    let message = "This address shows nothing by itself. Go back to the page that led you here.";
    page(&Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message))
}

/// Turns a refusal of the admin API into a page for whoever came by a link.
pub async fn tell_people(request: Request, next: Next) -> Response {
    let is_of_a_person = is_of_a_person(request.headers());
    let is_signing_in = request.uri().path().starts_with("/v1/auth/");
    let response = next.run(request).await;
    match response.extensions().get::<Problem>() {
        Some(problem) if is_of_a_person => {
            let mut told = if is_signing_in { page_leading(problem, TO_SIGN_IN) } else { page(problem) };
            for cookie in response.headers().get_all(header::SET_COOKIE) {
                told.headers_mut().append(header::SET_COOKIE, cookie.clone());
            }
            if let Some(policy) = response.headers().get(header::REFERRER_POLICY) {
                told.headers_mut().insert(header::REFERRER_POLICY, policy.clone());
            }
            protect(told.headers_mut());
            told
        }
        _ => response,
    }
}

/// Reads for whom a form was made, and keeps what somebody typed whose session ended meanwhile: they sign in in
/// another window and send the form again. Secrets must be typed again.
pub async fn keep_form(request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let Ok(bytes) = body::to_bytes(body, form::MAX_BYTES).await else { return page(&form::too_large()) };
    if let Some(bound_to) = Form::read(&bytes).and_then(|form| form.optional(BOUND_TO).map(str::to_owned)) {
        parts.extensions.insert(BoundTo(bound_to));
    }
    let path = parts.uri.path().to_owned();
    let kept = bytes.clone();
    let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
    if response.extensions().get::<FormWithoutSession>().is_none() {
        return response;
    }
    let Some(form) = Form::read(&kept) else { return page(&form::too_large()) };
    let fields = form.shown().collect();
    let template = SignedOutPage { path: &path, fields, look: Look::default(), assets: &ASSETS };
    let mut headers = HeaderMap::new();
    headers.insert("hx-retarget", HeaderValue::from_static("body"));
    headers.insert("hx-push-url", HeaderValue::from_static("false"));
    (headers, html_with(StatusCode::UNAUTHORIZED, &template)).into_response()
}
