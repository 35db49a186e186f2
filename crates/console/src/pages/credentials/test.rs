//! `POST …/credentials/{id}/test`: asks the provider for its models, as they are
//! saved. In a dialog where a script runs: what is being typed beside it stays.

use askama::Template;
use axum::{extract::State, response::Response};
use keyward_service::{Error, credential};

use super::edit::find;
use crate::{Console, form::Form, pages::place::Place, problem_page::Refused, respond::html, shell::Shell};

/// What asking the provider for its models said.
enum Tested {
    /// Its models.
    Models(Vec<String>),
    /// Why there is no answer.
    Failed(String),
}

#[derive(Template)]
#[template(path = "credentials/tested.html")]
struct TestedPage {
    shell: Shell,
    page: String,
    name: String,
    tested: Tested,
}

pub async fn test(State(console): State<Console>, place: Place, _: Form) -> Result<Response, Refused> {
    let credential = find(&console, &place).await?.credential;
    let (keyward, actor, project) = (&console.keyward, &place.visit.actor, place.project_id());
    let tested = match credential::test(keyward, actor, &*console.models, project, credential.id).await {
        Ok(models) => Tested::Models(models),
        Err(Error::Provider(why)) => Tested::Failed(why.to_string()),
        Err(error) => return Err(error.into()),
    };
    let root = format!("{}/credentials", place.root());
    let shell = place.shell("Test").crumb(root.clone(), "Credentials");
    let (page, name) = (format!("{root}/{}", credential.id), credential.name.to_string());
    let shell = shell.crumb(page.clone(), name.clone());
    Ok(html(&TestedPage { shell, page, name, tested }))
}
