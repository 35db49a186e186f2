//! `GET …/limits/new`, `POST …/limits`

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use keyward_domain::{Invalid, id::ProjectId, limit::ProjectLimit, permission::Permission};
use keyward_service::{
    Error,
    limit::{self, CreateLimit},
};
use keyward_web::Problem;

use super::fields::{self, FIELDS};
use crate::{
    Console, form::Form, pages::place::Place, problem_page::Refused, respond::html_with, shell::Shell,
    toast::to_telling,
};

#[derive(Template)]
#[template(path = "limits/new.html")]
struct NewPage {
    shell: Shell,
    root: String,
    form: Form,
}

fn page(place: &Place, form: Form, status: StatusCode) -> Response {
    let root = format!("{}/manage/limits", place.root());
    let shell = place.shell("Add a limit").crumb(root.clone(), "Limits");
    html_with(status, &NewPage { shell, root, form })
}

pub async fn show(place: Place) -> Result<Response, Refused> {
    place.require(Permission::LimitsManage)?;
    Ok(page(&place, Form::default(), StatusCode::OK))
}

pub async fn create(State(console): State<Console>, place: Place, form: Form) -> Result<Response, Refused> {
    let project = place.project_id().ok_or(Error::NotFound("project"))?;
    let outcome = async {
        let command = read(project, &form)?;
        Ok::<_, Problem>(limit::create(&console.keyward, &place.visit.actor, command).await?)
    };
    match outcome.await {
        Ok(_) => {
            let path = format!("{}/manage/limits", place.root());
            Ok(to_telling(&path, "The limit has been added. Calls are held to it from now on."))
        }
        Err(problem) => Ok(page(&place, form.take(&problem, FIELDS), problem.status)),
    }
}

fn read(project: ProjectId, form: &Form) -> Result<CreateLimit, Invalid> {
    Ok(CreateLimit {
        project,
        model: ProjectLimit::parse_model(form.text("model"))?,
        limits: fields::numbers(form)?,
        idempotency: None,
    })
}
