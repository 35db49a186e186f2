//! `/account/password`: changing one's own password.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use keyward_domain::password::Password;
use keyward_service::{
    account::{self, ChangePassword},
    password_reset,
};
use keyward_web::Problem;

use crate::{
    Console,
    form::Form,
    pages::{
        new_password::{self, new_password},
        sign_in::welcome,
    },
    problem_page::Refused,
    respond::html_with,
    shell::Shell,
    toast::to_telling,
    visit::Visit,
};

#[derive(Template)]
#[template(path = "account/password.html")]
struct PasswordPage {
    shell: Shell,
    form: Form,
    email: String,
    hint: &'static str,
    has_password: bool,
    is_by_mail: bool,
}

const FIELDS: &[(&str, &str)] = &[("new_password", "new_password"), (new_password::AGAIN, new_password::AGAIN)];

fn page(console: &Console, visit: &Visit, form: Form, status: StatusCode) -> Response {
    let page = PasswordPage {
        shell: Shell::new(visit, "Password").crumb("/account", "Your account"),
        form,
        email: visit.account.user.email.to_string(),
        hint: new_password::HINT,
        has_password: visit.account.has_password,
        is_by_mail: password_reset::is_by_mail(&console.keyward),
    };
    html_with(status, &page)
}

pub async fn show(State(console): State<Console>, visit: Visit) -> Response {
    page(&console, &visit, Form::default(), StatusCode::OK)
}

pub async fn change(State(console): State<Console>, visit: Visit, form: Form) -> Result<Response, Refused> {
    let outcome = async {
        let command = ChangePassword {
            current: Password::presented(form.secret("current_password").unwrap_or_default()),
            new: new_password(&form, "new_password")?,
        };
        Ok::<_, Problem>(account::change_password(&console.keyward, &visit.actor, command).await?)
    };
    match outcome.await {
        Ok(entered) => {
            let text = "Your password has been changed. You are signed out everywhere else.";
            Ok(welcome(&console, to_telling("/account", text), &entered))
        }
        Err(problem) => {
            let is_wrong = problem.code == "wrong_password";
            let form = form.take(&problem, if is_wrong { &[("", "current_password")] } else { FIELDS });
            Ok(page(&console, &visit, form, problem.status))
        }
    }
}
