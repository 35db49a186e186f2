//! `GET /organization/groups/new`, `POST /organization/groups`

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use keyward_domain::{Name, permission::Permission, role::Scope};
use keyward_service::group::{self, CreateGroup};
use keyward_web::Problem;

use super::{ROOT, page_of};
use crate::{
    Console, form::Form, problem_page::Refused, respond::html_with, shell::Shell, toast::to_telling, visit::Visit,
};

#[derive(Template)]
#[template(path = "groups/new.html")]
struct NewPage {
    shell: Shell,
    form: Form,
}

fn page(visit: &Visit, form: Form, status: StatusCode) -> Response {
    html_with(status, &NewPage { shell: Shell::new(visit, "New group").crumb(ROOT, "Groups"), form })
}

pub async fn show(visit: Visit) -> Result<Response, Refused> {
    visit.require(Permission::GroupsManage, Scope::Organization)?;
    Ok(page(&visit, Form::default(), StatusCode::OK))
}

pub async fn create(State(console): State<Console>, visit: Visit, form: Form) -> Result<Response, Refused> {
    let outcome = async {
        let command = CreateGroup { name: Name::parse("name", form.text("name"))?, idempotency: None };
        Ok::<_, Problem>(group::create(&console.keyward, &visit.actor, command).await?)
    };
    match outcome.await {
        Ok(group) => {
            let text = format!("The group {} has been created. Now put its people in.", group.name);
            Ok(to_telling(&page_of(&group), text))
        }
        Err(problem) => Ok(page(&visit, form.take(&problem, &[("name", "name")]), problem.status)),
    }
}
