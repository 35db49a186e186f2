//! `GET …/budgets/new`, `POST …/budgets`

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use keyward_domain::permission::Permission;
use keyward_service::budget::{self, CreateBudget};
use keyward_web::Problem;

use super::{
    fields::{self, FIELDS},
    root,
};
use crate::{
    Console, form::Form, pages::place::Place, problem_page::Refused, respond::html_with, shell::Shell,
    toast::to_telling,
};

#[derive(Template)]
#[template(path = "budgets/new.html")]
struct NewPage {
    shell: Shell,
    root: String,
    form: Form,
}

fn page(place: &Place, form: Form, status: StatusCode) -> Response {
    let root = root(place);
    let shell = place.shell("Add a budget").crumb(root.clone(), "Budgets");
    html_with(status, &NewPage { shell, root, form })
}

pub async fn show(place: Place) -> Result<Response, Refused> {
    place.require(Permission::LimitsManage)?;
    Ok(page(&place, Form::default(), StatusCode::OK))
}

pub async fn create(State(console): State<Console>, place: Place, form: Form) -> Result<Response, Refused> {
    let whose = place.project_id();
    let outcome = async {
        let terms = fields::needed(&form)?.apply(None)?;
        let command = CreateBudget { whose, terms, idempotency: None };
        Ok::<_, Problem>(budget::create(&console.keyward, &place.visit.actor, command).await?)
    };
    match outcome.await {
        Ok(_) => Ok(to_telling(&root(&place), "The budget has been added. Calls are held to it from now on.")),
        Err(problem) => Ok(page(&place, form.take(&problem, FIELDS), problem.status)),
    }
}
