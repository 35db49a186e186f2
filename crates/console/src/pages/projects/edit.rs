//! `/projects/{id}/edit`: name, description and models of a project.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use keyward_domain::{Invalid, Name, project::parse_description};
use keyward_service::project::{self, ProjectDetails, UpdateProject};
use keyward_web::Problem;

use super::{
    fields::{FIELDS, MODEL_MODES, model_permissions, set_model_permissions},
    find,
};
use crate::{
    Console, form::Form, problem_page::Refused, respond::html_with, shell::Shell, toast::to_telling, visit::Visit,
};

#[derive(Template)]
#[template(path = "projects/edit.html")]
struct EditPage {
    shell: Shell,
    form: Form,
    root: String,
    model_modes: &'static [(&'static str, &'static str)],
}

fn filled(details: &ProjectDetails) -> Form {
    let project = &details.project;
    let mut form = Form::filled([
        ("name", project.name.to_string()),
        ("description", project.description.clone()),
        ("version", project.version.to_string()),
    ]);
    set_model_permissions(&mut form, project.model_permissions.as_ref());
    form
}

fn page(visit: &Visit, details: &ProjectDetails, form: Form, status: StatusCode) -> Response {
    let root = format!("/projects/{}", details.project.id);
    let shell = Shell::new(visit, "Edit").within(visit, &details.project);
    html_with(status, &EditPage { shell, form, root, model_modes: MODEL_MODES })
}

pub async fn show(
    State(console): State<Console>,
    visit: Visit,
    Path(project_id): Path<String>,
) -> Result<Response, Refused> {
    let details = find(&console, &visit, &project_id).await?;
    Ok(page(&visit, &details, filled(&details), StatusCode::OK))
}

pub async fn save(
    State(console): State<Console>,
    visit: Visit,
    Path(project_id): Path<String>,
    form: Form,
) -> Result<Response, Refused> {
    let details = find(&console, &visit, &project_id).await?;
    let outcome = async {
        let command = read(&form)?;
        Ok::<_, Problem>(project::update(&console.keyward, &visit.actor, details.project.id, command).await?)
    };
    match outcome.await {
        Ok(saved) => Ok(to_telling(&format!("/projects/{}", saved.project.id), "The project has been updated.")),
        Err(problem) if problem.code == "stale_version" => {
            let fields = [
                ("Name", "name"),
                ("Description", "description"),
                ("It may use", "model_mode"),
                ("Models", "model_ids"),
            ];
            let form = form.overtaken(&filled(&details), "project", &fields);
            Ok(page(&visit, &details, form, problem.status))
        }
        Err(problem) => Ok(page(&visit, &details, form.take(&problem, FIELDS), problem.status)),
    }
}

fn read(form: &Form) -> Result<UpdateProject, Invalid> {
    Ok(UpdateProject {
        name: Some(Name::parse("name", form.text("name"))?),
        description: Some(parse_description("description", form.text("description"))?),
        model_permissions: Some(model_permissions(form)?),
        expected_version: form.version(),
    })
}
