//! Coming in with address and password, and going out.

mod form;

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::Response,
    routing::{get, post},
};
use keyward_domain::password::Password;
use keyward_service::{
    session::{self, Welcome},
    setup,
    sign_in::{self, SignIn},
};
use keyward_web::{Problem, cookie};

pub use self::form::SignInPage;
use self::form::next;
use crate::{
    Console,
    assets::{ASSETS, Assets},
    form::Form,
    list::Query,
    problem_page::Refused,
    respond::{html, to},
    visit::{Look, Stranger},
};

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/login", get(show).post(enter))
        .route("/logout", post(leave))
        .route("/signed-in", get(signed_in))
}

async fn show(State(console): State<Console>, stranger: Stranger, query: Query) -> Result<Response, Refused> {
    let next = next(query.get("next"));
    if let Some(token) = &stranger.session
        && session::authenticate(&console.keyward, token, stranger.origin.clone()).await.is_ok()
    {
        return Ok(to(&next));
    }
    if setup::is_wanted(&console.keyward).await? {
        return Ok(to("/setup"));
    }
    let mut form = Form::default();
    form.set("next", next);
    form.set("organization", query.get("organization"));
    SignInPage::new(&console, stranger.look, form, false).await?.page(StatusCode::OK)
}

async fn enter(State(console): State<Console>, stranger: Stranger, form: Form) -> Result<Response, Refused> {
    let command = SignIn {
        email: form.text("email").to_owned(),
        password: Password::presented(form.secret("password").unwrap_or_default()),
        code: form.secret("code"),
        replaces: stranger.session.clone(),
    };
    match sign_in::sign_in(&console.keyward, stranger.origin, command).await {
        Ok(entered) => Ok(welcome(&console, to(&next(form.text("next"))), &entered)),
        Err(error) => {
            let problem = Problem::from(error);
            let wants_code = matches!(problem.code, "second_factor_required" | "invalid_second_factor");
            let status = problem.status;
            let fields: &[_] = if problem.code == "invalid_second_factor" { &[("", "code")] } else { &[] };
            let form = if problem.code == "second_factor_required" { form } else { form.take(&problem, fields) };
            SignInPage::new(&console, stranger.look, form, wants_code).await?.page(status)
        }
    }
}

async fn leave(State(console): State<Console>, stranger: Stranger) -> Result<Response, Refused> {
    if let Some(token) = &stranger.session {
        session::sign_out(&console.keyward, token, stranger.origin).await?;
    }
    let mut response = to("/login");
    response.headers_mut().append(header::SET_COOKIE, cookie::clear_session());
    Ok(response)
}

/// The answer to whoever came in: with the cookie of their session.
pub fn welcome(console: &Console, mut response: Response, entered: &Welcome) -> Response {
    let set = cookie::set_session(&entered.token, console.keyward.now(), entered.session.expires_at);
    response.headers_mut().append(header::SET_COOKIE, set);
    response
}

#[derive(Template)]
#[template(path = "sign_in/signed_in.html")]
struct SignedInPage {
    look: Look,
    assets: &'static Assets,
}

/// For whoever signed in beside a form that they want to send.
async fn signed_in(visitor: Stranger) -> Response {
    html(&SignedInPage { look: visitor.look, assets: &ASSETS })
}
