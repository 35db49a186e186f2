//! `GET …/model-aliases/new`, `POST …/model-aliases`

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use keyward_domain::{Invalid, id::ProjectId, model_alias::ModelAlias, permission::Permission};
use keyward_service::{
    Error,
    model_alias::{self, CreateModelAlias},
};
use keyward_web::Problem;

use super::{
    Credentials,
    fields::{self, FIELDS},
};
use crate::{
    Console, form::Form, pages::place::Place, problem_page::Refused, respond::html_with, shell::Shell,
    toast::to_telling,
};

#[derive(Template)]
#[template(path = "model_aliases/new.html")]
struct NewPage {
    shell: Shell,
    root: String,
    form: Form,
}

fn page(place: &Place, form: Form, status: StatusCode) -> Response {
    let root = format!("{}/manage/model-aliases", place.root());
    let shell = place.shell("Add an alias").crumb(root.clone(), "Model aliases");
    html_with(status, &NewPage { shell, root, form })
}

pub async fn show(place: Place) -> Result<Response, Refused> {
    place.require(Permission::CredentialsManage)?;
    Ok(page(&place, Form::default(), StatusCode::OK))
}

pub async fn create(State(console): State<Console>, place: Place, form: Form) -> Result<Response, Refused> {
    let project = place.project_id().ok_or(Error::NotFound("project"))?;
    let credentials = Credentials::of(&console, &place).await?;
    let outcome = async {
        let command = read(project, &form, &credentials)?;
        Ok::<_, Problem>(model_alias::create(&console.keyward, &place.visit.actor, command).await?)
    };
    match outcome.await {
        Ok(alias) => {
            let path = format!("{}/manage/model-aliases", place.root());
            Ok(to_telling(&path, format!("Calls that name {} find it from now on.", alias.name)))
        }
        Err(problem) => Ok(page(&place, form.take(&problem, FIELDS), problem.status)),
    }
}

fn read(project: ProjectId, form: &Form, credentials: &Credentials) -> Result<CreateModelAlias, Invalid> {
    Ok(CreateModelAlias {
        project,
        name: ModelAlias::parse_name(form.text("name"))?,
        targets: fields::targets(form, credentials)?,
        idempotency: None,
    })
}
