//! `GET …/credentials/new`, `POST …/credentials`

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use keyward_domain::permission::Permission;
use keyward_service::credential::{self, CreateCredential};
use keyward_web::Problem;

use super::fields::{self, FIELDS};
use crate::{
    Console,
    form::Form,
    pages::{place::Place, projects::providers},
    problem_page::Refused,
    respond::html_with,
    shell::Shell,
    toast::to_telling,
};

#[derive(Template)]
#[template(path = "credentials/new.html")]
struct NewPage {
    shell: Shell,
    root: String,
    form: Form,
    providers: Vec<(&'static str, &'static str)>,
}

fn page(place: &Place, form: Form, status: StatusCode) -> Response {
    let root = format!("{}/credentials", place.root());
    let shell = place.shell("Add a credential").crumb(root.clone(), "Credentials");
    html_with(status, &NewPage { shell, root, form, providers: providers() })
}

pub async fn show(place: Place) -> Result<Response, Refused> {
    place.require(Permission::CredentialsManage)?;
    Ok(page(&place, Form::filled([("provider", "openai".into())]), StatusCode::OK))
}

pub async fn create(State(console): State<Console>, place: Place, form: Form) -> Result<Response, Refused> {
    let outcome = async {
        let command =
            CreateCredential { project: place.project_id(), credential: fields::new(&form)?, idempotency: None };
        Ok::<_, Problem>(credential::create(&console.keyward, &place.visit.actor, command).await?)
    };
    match outcome.await {
        Ok(made) => {
            let path = format!("{}/credentials/{}", place.root(), made.credential.id);
            Ok(to_telling(&path, "The credential has been added. Calls use it from now on."))
        }
        Err(problem) => Ok(page(&place, form.take(&problem, FIELDS), problem.status)),
    }
}
