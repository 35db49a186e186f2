//! `/forgot` asks for a link, `/password-reset/{token}` sets a password anew
//! by it. Nothing here tells whether an address belongs to anybody, but to who
//! holds a link.

use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    http::{StatusCode, header},
    response::Response,
    routing::get,
};
use keyward_domain::{organization::Email, secret::Token};
use keyward_service::{
    Error,
    password_reset::{self, CompletePasswordReset},
    session,
};
use keyward_web::{Problem, cookie};

use super::{
    new_password::{self, new_password},
    notice::Notice,
};
use crate::{
    Console,
    assets::{ASSETS, Assets},
    form::Form,
    problem_page::Refused,
    respond::html_with,
    toast::to_telling,
    visit::{Look, Stranger},
};

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/forgot", get(show_request).post(request))
        .route("/password-reset/{token}", get(show_new).post(set))
}

#[derive(Template)]
#[template(path = "password_reset/request.html")]
struct RequestPage {
    form: Form,
    look: Look,
    assets: &'static Assets,
}

#[derive(Template)]
#[template(path = "password_reset/new.html")]
struct NewPage {
    form: Form,
    action: String,
    email: String,
    hint: &'static str,
    look: Look,
    assets: &'static Assets,
}

const FIELDS: &[(&str, &str)] =
    &[("email", "email"), ("new_password", "new_password"), (new_password::AGAIN, new_password::AGAIN)];

async fn show_request(State(console): State<Console>, stranger: Stranger) -> Response {
    if password_reset::is_by_mail(&console.keyward) {
        html_with(StatusCode::OK, &RequestPage { form: Form::default(), look: stranger.look, assets: &ASSETS })
    } else {
        without_mail(stranger.look)
    }
}

/// What helps where no mail is sent.
fn without_mail(look: Look) -> Response {
    Notice::new(look, "Forgot your password?")
        .line("This Keyward sends no mail. Ask an administrator of your organization for a link to set a new password: they make one on the page Users, and hand it to you.")
        .way("/login", "Back to signing in")
        .page(StatusCode::OK)
}

async fn request(State(console): State<Console>, stranger: Stranger, form: Form) -> Response {
    let outcome = async {
        let email = Email::parse("email", form.text("email"))?;
        Ok::<_, Problem>(password_reset::request(&console.keyward, email, stranger.origin.clone()).await?)
    };
    match outcome.await {
        Ok(true) => Notice::new(stranger.look, "Look into your mail")
            .line("If there is an account with this address, a link to set a new password is on its way. It is good for an hour.")
            .line("Nothing came? Look among the spam, and check the address; or ask an administrator of your organization.")
            .way("/login", "Back to signing in")
            .page(StatusCode::OK),
        Ok(false) => without_mail(stranger.look),
        Err(problem) => {
            let form = form.take(&problem, FIELDS);
            html_with(problem.status, &RequestPage { form, look: stranger.look, assets: &ASSETS })
        }
    }
}

/// For whoever comes with a link that opens nothing.
fn gone(look: Look) -> Response {
    Notice::new(look, "This link isn't good any more")
        .line("It was used, a newer one was made, the password was changed since, or its hour is over.")
        .way("/forgot", "Ask for another link")
        .way("/login", "Back to signing in")
        .page(StatusCode::NOT_FOUND)
}

fn new_page(token: &Token, email: &Email, look: Look, form: Form, status: StatusCode) -> Response {
    let action = format!("/password-reset/{}", token.expose());
    let page = NewPage { form, action, email: email.to_string(), hint: new_password::HINT, look, assets: &ASSETS };
    html_with(status, &page)
}

/// The link, and whose password it sets; `None` if it opens nothing.
async fn open(console: &Console, token: &str) -> Result<Option<(Token, Email)>, Refused> {
    let Some(token) = Token::parse(token) else { return Ok(None) };
    match password_reset::describe(&console.keyward, &token).await {
        Ok(user) => Ok(Some((token, user.email))),
        Err(Error::InvalidLink) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn show_new(
    State(console): State<Console>,
    stranger: Stranger,
    Path(token): Path<String>,
) -> Result<Response, Refused> {
    Ok(match open(&console, &token).await? {
        Some((token, email)) => new_page(&token, &email, stranger.look, Form::default(), StatusCode::OK),
        None => gone(stranger.look),
    })
}

async fn set(
    State(console): State<Console>,
    stranger: Stranger,
    Path(token): Path<String>,
    form: Form,
) -> Result<Response, Refused> {
    let Some((token, email)) = open(&console, &token).await? else { return Ok(gone(stranger.look)) };
    let outcome = async {
        let (token, origin) = (token.clone(), stranger.origin.clone());
        let command = CompletePasswordReset { token, new_password: new_password(&form, "new_password")?, origin };
        Ok::<_, Problem>(password_reset::complete(&console.keyward, command).await?)
    };
    match outcome.await {
        Ok(()) => {
            let text = "Your password is set, and you are signed out everywhere. Sign in with it now.";
            let mut response = to_telling("/login", text);
            // Another's session, too, isn't left open in a browser that is said to be signed out.
            if let Some(session) = &stranger.session {
                session::sign_out(&console.keyward, session, stranger.origin).await?;
            }
            response.headers_mut().append(header::SET_COOKIE, cookie::clear_session());
            Ok(response)
        }
        Err(problem) if problem.code == "invalid_link" => Ok(gone(stranger.look)),
        Err(problem) => Ok(new_page(&token, &email, stranger.look, form.take(&problem, FIELDS), problem.status)),
    }
}
