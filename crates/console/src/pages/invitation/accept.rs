//! `POST /invitation/{token}`: accepting it.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use keyward_domain::Name;
use keyward_service::{
    invitation::{self, AcceptInvitation},
    sso,
};
use keyward_web::Problem;

use super::{Holder, Opened, gone};
use crate::{
    Console,
    form::Form,
    pages::{
        new_password::{self, new_password},
        notice::Notice,
        sign_in::welcome,
    },
    problem_page::Refused,
    toast::to_telling,
    visit::Stranger,
};

const FIELDS: &[(&str, &str)] =
    &[("name", "name"), ("password", "password"), (new_password::AGAIN, new_password::AGAIN)];

pub async fn accept(
    State(console): State<Console>,
    stranger: Stranger,
    Path(token): Path<String>,
    form: Form,
) -> Result<Response, Refused> {
    let Some(opened) = Opened::find(&console, &stranger, &token).await? else { return Ok(gone(stranger.look)) };
    let outcome = async {
        let command = read(&opened, &stranger, &form)?;
        Ok::<_, Problem>(invitation::accept(&console.keyward, command).await?)
    };
    match outcome.await {
        Ok(accepted) => {
            let name = &accepted.organization.name;
            if let Some(entered) = &accepted.welcome {
                let response = to_telling("/projects", format!("Welcome! You are a member of {name} now."));
                return Ok(welcome(&console, response, entered));
            }
            let mut notice = Notice::new(stranger.look, format!("You are a member of {name}"))
                .line("Its members sign in by single sign-on: do so now to come in.");
            for (id, provider) in sso::on_sign_in_page(&console.keyward, Some(accepted.organization.id)).await? {
                notice = notice
                    .way(format!("/v1/auth/sso/{id}/start?return_to=/projects"), format!("Sign in with {provider}"));
            }
            Ok(notice.page(StatusCode::OK))
        }
        Err(problem) if problem.code == "invalid_link" => Ok(gone(stranger.look)),
        Err(problem) => {
            let form = if problem.code == "wrong_password" {
                form.take(&problem, &[("", "password")])
            } else {
                form.take(&problem, FIELDS)
            };
            Ok(opened.page(&console, stranger.look, form, problem.status))
        }
    }
}

fn read(opened: &Opened, stranger: &Stranger, form: &Form) -> Result<AcceptInvitation, Problem> {
    let is_new = matches!(opened.holder, Holder::New);
    if is_new {
        new_password(form, "password")?;
    }
    Ok(AcceptInvitation {
        token: opened.token.clone(),
        name: if is_new { Some(Name::parse("name", form.text("name"))?) } else { None },
        password: form.secret("password"),
        session: stranger.session.clone(),
        origin: stranger.origin.clone(),
    })
}
