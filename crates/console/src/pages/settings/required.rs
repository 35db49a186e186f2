//! Requiring single sign-on, and no longer requiring it.

use axum::{
    extract::{Path, State},
    response::Response,
};
use keyward_service::{
    Error,
    organization::{self, UpdateOrganization},
};

use super::ROOT;
use crate::{
    Console, form::Form, pages::confirm::Ask, problem_page::Refused, shell::Shell, toast::to_telling, visit::Visit,
};

fn question(action: &str) -> Result<(bool, Ask), Error> {
    let ask = |title: &str, button, lines: &[&str]| Ask {
        title: title.to_owned(),
        lines: lines.iter().map(|line| (*line).to_owned()).collect(),
        action: format!("{ROOT}/sso/{action}"),
        button,
        back: ROOT.to_owned(),
        ..Ask::default()
    };
    match action {
        "require" => {
            let lines = [
                "Passwords open nothing here any more: members must sign in by the identity provider. Whoever came by a password is signed out at once, but for owners and yourself.",
                "Owners may still use their password, so that a broken provider shuts nobody out for good.",
            ];
            let ask = ask("Require single sign-on?", "Require single sign-on", &lines);
            Ok((true, Ask { is_destructive: true, ..ask }))
        }
        "stop" => {
            let lines =
                ["Members who have a password can sign in with it again. The identity provider goes on working."];
            Ok((false, ask("Stop requiring single sign-on?", "Allow passwords", &lines)))
        }
        _ => Err(Error::NotFound("page")),
    }
}

pub async fn ask(
    State(console): State<Console>,
    visit: Visit,
    Path(action): Path<String>,
) -> Result<Response, Refused> {
    let (_, ask) = question(&action)?;
    organization::settings(&console.keyward, &visit.actor).await?;
    Ok(ask.page(shell(&visit)))
}

fn shell(visit: &Visit) -> Shell {
    Shell::new(visit, "Single sign-on").crumb(ROOT, "Settings")
}

pub async fn act(
    State(console): State<Console>,
    visit: Visit,
    Path(action): Path<String>,
    form: Form,
) -> Result<Response, Refused> {
    let (required, ask) = question(&action)?;
    let command = UpdateOrganization { sso_required: Some(required), ..UpdateOrganization::default() };
    match organization::update(&console.keyward, &visit.actor, command).await {
        Ok(_) if required => Ok(to_telling(ROOT, "Members sign in by single sign-on only from now on.")),
        Ok(_) => Ok(to_telling(ROOT, "Members may sign in with their passwords again.")),
        Err(error) => Ok(ask.refused(shell(&visit), form, &error.into())),
    }
}
