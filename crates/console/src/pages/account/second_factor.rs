//! `/account/second-factor`: set up, confirmed, its recovery codes, removed.
//! What is secret is shown once; each change asks for the password.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use base64::{Engine, prelude::BASE64_STANDARD};
use keyward_domain::{password::Password, second_factor::RecoveryCode};
use keyward_service::second_factor;
use keyward_web::Problem;
use zeroize::Zeroizing;

use super::qr_code::{Picture, picture};
use crate::{
    Console,
    form::Form,
    problem_page::Refused,
    respond::{html, html_with, to},
    shell::Shell,
    toast::to_telling,
    visit::Visit,
};

/// What somebody does who must show their password first.
#[derive(Clone, Copy)]
struct Step {
    path: &'static str,
    title: &'static str,
    lines: &'static [&'static str],
    button: &'static str,
    is_destructive: bool,
}

const START: Step = Step {
    path: "/account/second-factor",
    title: "Set up a second factor",
    lines: &[
        "From then on you need a code of an authenticator app to sign in, besides your password. Whoever learns your password alone can't come in.",
        "You need such an app on your telephone or computer. First, show that it is you:",
    ],
    button: "Continue",
    is_destructive: false,
};

const RENEW: Step = Step {
    path: "/account/second-factor/recovery-codes",
    title: "New recovery codes",
    lines: &["You get ten new codes. The old ones open nothing any more."],
    button: "Make New Codes",
    is_destructive: false,
};

const REMOVE: Step = Step {
    path: "/account/second-factor/remove",
    title: "Remove the second factor?",
    lines: &["Your password alone is enough to sign in then, and your recovery codes open nothing any more."],
    button: "Remove Second Factor",
    is_destructive: true,
};

#[derive(Template)]
#[template(path = "account/prove.html")]
struct ProvePage {
    shell: Shell,
    form: Form,
    step: Step,
    email: String,
    has_password: bool,
}

#[derive(Template)]
#[template(path = "account/scan.html")]
struct ScanPage {
    shell: Shell,
    form: Form,
    /// What goes into the app; only right after it was drawn.
    drawn: Option<Drawn>,
}

struct Drawn {
    secret: Zeroizing<String>,
    picture: Option<Picture>,
}

#[derive(Template)]
#[template(path = "account/codes.html")]
struct CodesPage {
    shell: Shell,
    codes: Zeroizing<String>,
    file: Zeroizing<String>,
    is_new: bool,
}

fn shell(visit: &Visit, title: &str) -> Shell {
    Shell::new(visit, title).crumb("/account", "Your account")
}

fn prove(visit: &Visit, step: Step, form: Form, status: StatusCode) -> Response {
    let page = ProvePage {
        shell: shell(visit, step.title),
        form,
        step,
        email: visit.account.user.email.to_string(),
        has_password: visit.account.has_password,
    };
    html_with(status, &page)
}

fn refused(visit: &Visit, step: Step, form: Form, problem: &Problem) -> Response {
    let is_wrong = problem.code == "wrong_password";
    let form = form.take(problem, if is_wrong { &[("", "password")] } else { &[] });
    prove(visit, step, form, problem.status)
}

fn password(form: &Form) -> Password {
    Password::presented(form.secret("password").unwrap_or_default())
}

fn codes_page(visit: &Visit, codes: &[RecoveryCode], is_new: bool) -> Response {
    let shown: Vec<String> = codes.iter().map(RecoveryCode::shown).collect();
    let codes = Zeroizing::new(shown.join("\n"));
    let text = Zeroizing::new(format!(
        "Recovery codes of {} for Keyward. Each opens once, in place of an authenticator app's code.\n\n{}\n",
        visit.account.user.email, *codes
    ));
    let file = Zeroizing::new(format!("data:text/plain;base64,{}", BASE64_STANDARD.encode(text.as_bytes())));
    html(&CodesPage { shell: shell(visit, "Recovery codes"), codes, file, is_new })
}

pub async fn ask_start(visit: Visit) -> Response {
    if visit.account.has_second_factor {
        return to("/account");
    }
    prove(&visit, START, Form::default(), StatusCode::OK)
}

pub async fn start(State(console): State<Console>, visit: Visit, form: Form) -> Result<Response, Refused> {
    match second_factor::start(&console.keyward, &visit.actor, password(&form)).await {
        Ok(started) => {
            let drawn = Some(Drawn { picture: picture(&started.uri), secret: started.secret });
            Ok(html(&ScanPage { shell: shell(&visit, START.title), form: Form::default(), drawn }))
        }
        Err(error) => Ok(refused(&visit, START, form, &error.into())),
    }
}

/// For whoever has the secret in their app already.
pub async fn ask_confirm(visit: Visit) -> Response {
    if visit.account.has_second_factor {
        return to("/account");
    }
    html(&ScanPage { shell: shell(&visit, START.title), form: Form::default(), drawn: None })
}

pub async fn confirm(State(console): State<Console>, visit: Visit, form: Form) -> Result<Response, Refused> {
    match second_factor::confirm(&console.keyward, &visit.actor, form.text("code").trim()).await {
        Ok(codes) => Ok(codes_page(&visit, &codes, true)),
        Err(error) => {
            let problem = Problem::from(error);
            let form = form.take(&problem, &[("code", "code")]);
            let page = ScanPage { shell: shell(&visit, START.title), form, drawn: None };
            Ok(html_with(problem.status, &page))
        }
    }
}

pub async fn ask_renew(visit: Visit) -> Response {
    prove(&visit, RENEW, Form::default(), StatusCode::OK)
}

pub async fn renew(State(console): State<Console>, visit: Visit, form: Form) -> Result<Response, Refused> {
    match second_factor::renew_recovery_codes(&console.keyward, &visit.actor, password(&form)).await {
        Ok(codes) => Ok(codes_page(&visit, &codes, false)),
        Err(error) => Ok(refused(&visit, RENEW, form, &error.into())),
    }
}

pub async fn ask_remove(visit: Visit) -> Response {
    prove(&visit, REMOVE, Form::default(), StatusCode::OK)
}

pub async fn remove(State(console): State<Console>, visit: Visit, form: Form) -> Result<Response, Refused> {
    match second_factor::remove(&console.keyward, &visit.actor, password(&form)).await {
        Ok(()) => Ok(to_telling("/account", "The second factor has been removed.")),
        Err(error) => Ok(refused(&visit, REMOVE, form, &error.into())),
    }
}
