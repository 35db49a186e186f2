//! `GET /organization/prices/new`, `POST /organization/prices`

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use keyward_domain::{permission::Permission, role::Scope};
use keyward_service::price;
use keyward_web::Problem;

use super::{
    ROOT,
    fields::{self, FIELDS},
};
use crate::{
    Console, form::Form, problem_page::Refused, respond::html_with, shell::Shell, toast::to_telling, visit::Visit,
};

#[derive(Template)]
#[template(path = "prices/new.html")]
struct NewPage {
    shell: Shell,
    form: Form,
    providers: Vec<(&'static str, &'static str)>,
}

fn page(visit: &Visit, form: Form, status: StatusCode) -> Response {
    let shell = Shell::new(visit, "Set a price").crumb(ROOT, "Model costs");
    html_with(status, &NewPage { shell, form, providers: fields::choices() })
}

pub async fn show(visit: Visit) -> Result<Response, Refused> {
    visit.require(Permission::PricesManage, Scope::Organization)?;
    Ok(page(&visit, Form::default(), StatusCode::OK))
}

pub async fn create(State(console): State<Console>, visit: Visit, form: Form) -> Result<Response, Refused> {
    let outcome = async {
        let command = fields::new(&form)?;
        Ok::<_, Problem>(price::create(&console.keyward, &visit.actor, command).await?)
    };
    match outcome.await {
        Ok(price) => Ok(to_telling(ROOT, format!("The price of {} has been set.", price.model))),
        Err(problem) => Ok(page(&visit, form.take(&problem, FIELDS), problem.status)),
    }
}
