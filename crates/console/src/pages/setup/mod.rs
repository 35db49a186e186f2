//! `/setup`: the first organization and its owner, made by whoever holds the
//! link that a fresh installation prints.

mod made;

use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
    routing::get,
};
use keyward_domain::{Name, actor::RequestOrigin, organization::Email, secret::Token};
use keyward_service::setup::{self, SetUp};
use keyward_web::Problem;

use super::{
    new_password::{self, new_password},
    notice::Notice,
    sign_in::welcome,
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
    Router::new().route("/setup", get(explain)).route("/setup/{token}", get(show).post(set_up))
}

#[derive(Template)]
#[template(path = "setup/form.html")]
struct SetUpPage {
    form: Form,
    action: String,
    password_hint: &'static str,
    look: Look,
    assets: &'static Assets,
}

const FIELDS: &[(&str, &str)] = &[
    ("organization", "organization"),
    ("name", "name"),
    ("email", "email"),
    ("password", "password"),
    (new_password::AGAIN, new_password::AGAIN),
];

fn page(token: &Token, look: Look, form: Form, status: StatusCode) -> Response {
    let action = format!("/setup/{}", token.expose());
    html_with(status, &SetUpPage { form, action, password_hint: new_password::HINT, look, assets: &ASSETS })
}

/// For whoever comes without the link.
async fn explain(State(console): State<Console>, stranger: Stranger) -> Result<Response, Refused> {
    if !setup::is_wanted(&console.keyward).await? {
        return Ok(done_already(stranger.look).page(StatusCode::OK));
    }
    let notice = Notice::new(stranger.look, "Welcome to Keyward")
        .line("There is no organization here yet. Whoever runs this Keyward makes the first one, by a link that only they see.")
        .line("Look at the terminal in which keyward serve runs: it printed the link when it started. It works once, for a day; a restart prints a new one.")
        .line("Or make the organization there, without a browser:")
        .command("keyward init --organization \"My company\" \\\n  --email you@example.com --password-stdin");
    Ok(notice.page(StatusCode::OK))
}

fn done_already(look: Look) -> Notice {
    Notice::new(look, "Keyward is set up already")
        .line("There is an organization here. Sign in, or ask one of its administrators to invite you.")
        .way("/login", "Sign in")
}

/// For whoever comes with a link that opens nothing.
async fn gone(console: &Console, look: Look) -> Result<Response, Refused> {
    let notice = if setup::is_wanted(&console.keyward).await? {
        Notice::new(look, "This link isn't good any more")
            .line("It is older than a day, or keyward serve was started again and printed a new one.")
            .line("Look at the terminal in which it runs; or restart it there for another link.")
    } else {
        done_already(look)
    };
    Ok(notice.page(StatusCode::NOT_FOUND))
}

async fn show(
    State(console): State<Console>,
    stranger: Stranger,
    Path(token): Path<String>,
) -> Result<Response, Refused> {
    let Some(token) = Token::parse(&token) else { return gone(&console, stranger.look).await };
    match setup::check(&console.keyward, &token).await.map_err(Problem::from) {
        Ok(()) => Ok(page(&token, stranger.look, Form::default(), StatusCode::OK)),
        Err(problem) if problem.code == "invalid_link" => gone(&console, stranger.look).await,
        Err(problem) => Err(problem.into()),
    }
}

async fn set_up(
    State(console): State<Console>,
    stranger: Stranger,
    Path(token): Path<String>,
    form: Form,
) -> Result<Response, Refused> {
    let Some(token) = Token::parse(&token) else { return gone(&console, stranger.look).await };
    let outcome = async {
        let command = read(&form, token.clone(), stranger.origin.clone())?;
        Ok::<_, Problem>(setup::set_up(&console.keyward, command).await?)
    };
    match outcome.await {
        Ok(done) => {
            let response = match &done.admin_key {
                Some(key) => made::page(&console, stranger.look, &done.organization, key),
                None => {
                    let name = &done.organization.name;
                    to_telling(
                        "/projects",
                        format!("Welcome! The organization {name} is yours. Make its first project."),
                    )
                }
            };
            Ok(welcome(&console, response, &done.welcome))
        }
        Err(problem) if problem.code == "invalid_link" => gone(&console, stranger.look).await,
        Err(problem) => Ok(page(&token, stranger.look, form.take(&problem, FIELDS), problem.status)),
    }
}

fn read(form: &Form, token: Token, origin: RequestOrigin) -> Result<SetUp, Problem> {
    Ok(SetUp {
        token,
        organization: Name::parse("organization", form.text("organization"))?,
        email: Email::parse("email", form.text("email"))?,
        name: form.optional("name").map(|name| Name::parse("name", name)).transpose()?,
        password: new_password(form, "password")?,
        create_admin_key: form.is_ticked("create_admin_key"),
        origin,
    })
}
