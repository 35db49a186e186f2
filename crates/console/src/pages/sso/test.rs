//! `POST /organization/sso/{id}/test`: asks a provider what it says of itself, as
//! it is saved. In a dialog where a script runs: what is being typed stays.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use keyward_service::{
    Error,
    sso::{self, Tested},
};

use super::{ROOT, find, page_of};
use crate::{Console, form::Form, problem_page::Refused, respond::html, shell::Shell, visit::Visit};

#[derive(Template)]
#[template(path = "sso/tested.html")]
struct TestedPage {
    shell: Shell,
    page: String,
    name: String,
    /// What it says, or why it can't be used.
    result: Result<Tested, String>,
}

pub async fn test(
    State(console): State<Console>,
    visit: Visit,
    Path(sso_provider_id): Path<String>,
    _: Form,
) -> Result<Response, Refused> {
    let provider = find(&console, &visit, &sso_provider_id).await?;
    let result = match sso::test(&console.keyward, &visit.actor, &console.sso, provider.id).await {
        Ok(tested) => Ok(tested),
        Err(error @ Error::IdentityProvider(_)) => Err(error.to_string()),
        Err(error) => return Err(error.into()),
    };
    let (page, name) = (page_of(&provider), provider.name.to_string());
    let shell = Shell::new(&visit, "Test").crumb(ROOT, "Single sign-on").crumb(page.clone(), name.clone());
    Ok(html(&TestedPage { shell, page, name, result }))
}
