//! Disconnecting a provider.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use keyward_domain::sso::SsoProvider;
use keyward_service::sso;

use super::{ROOT, find, page_of};
use crate::{
    Console, form::Form, pages::confirm::Ask, problem_page::Refused, shell::Shell, toast::to_telling, visit::Visit,
};

fn question(provider: &SsoProvider) -> Ask {
    let page = page_of(provider);
    Ask {
        title: format!("Disconnect {}?", provider.name),
        lines: vec![
            "Whoever signed in by it is signed out at once, and the groups and roles that its claims gave are taken back. Its members stay members.".into(),
            "It forgets whom it knew, and its client secret. This can't be undone.".into(),
        ],
        action: format!("{page}/delete"),
        button: "Disconnect",
        back: page,
        is_destructive: true,
        typed: Some(provider.name.to_string()),
        ..Ask::default()
    }
}

fn shell(visit: &Visit, provider: &SsoProvider) -> Shell {
    Shell::new(visit, "Disconnect").crumb(ROOT, "Single sign-on").crumb(page_of(provider), provider.name.to_string())
}

pub async fn ask(
    State(console): State<Console>,
    visit: Visit,
    Path(sso_provider_id): Path<String>,
) -> Result<Response, Refused> {
    let provider = find(&console, &visit, &sso_provider_id).await?;
    Ok(question(&provider).page(shell(&visit, &provider)))
}

pub async fn delete(
    State(console): State<Console>,
    visit: Visit,
    Path(sso_provider_id): Path<String>,
    mut form: Form,
) -> Result<Response, Refused> {
    let provider = find(&console, &visit, &sso_provider_id).await?;
    let (ask, shell) = (question(&provider), shell(&visit, &provider));
    if !ask.is_answered(&mut form) {
        return Ok(ask.again(shell, form, StatusCode::BAD_REQUEST));
    }
    match sso::delete(&console.keyward, &visit.actor, provider.id).await {
        Ok(()) => Ok(to_telling(ROOT, format!("{} is disconnected.", provider.name))),
        Err(error) => Ok(ask.refused(shell, form, &error.into())),
    }
}
