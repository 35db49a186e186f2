//! `GET …/spend-alerts/new`, `POST …/spend-alerts`

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use keyward_domain::permission::Permission;
use keyward_service::spend_alert::{self, CreateSpendAlert};
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
#[template(path = "spend_alerts/new.html")]
struct NewPage {
    shell: Shell,
    root: String,
    form: Form,
    sends_mail: bool,
}

fn page(console: &Console, place: &Place, form: Form, status: StatusCode) -> Response {
    let root = root(place);
    let shell = place.shell("Add a spend alert").crumb(root.clone(), "Spend alerts");
    html_with(status, &NewPage { shell, root, form, sends_mail: console.keyward.sends_mail() })
}

pub async fn show(State(console): State<Console>, place: Place) -> Result<Response, Refused> {
    place.require(Permission::AlertsManage)?;
    let form = Form::filled([("recipients", place.visit.account.user.email.to_string())]);
    Ok(page(&console, &place, form, StatusCode::OK))
}

pub async fn create(State(console): State<Console>, place: Place, form: Form) -> Result<Response, Refused> {
    let whose = place.project_id();
    let outcome = async {
        let command = CreateSpendAlert { whose, terms: fields::terms(&form)?, idempotency: None };
        Ok::<_, Problem>(spend_alert::create(&console.keyward, &place.visit.actor, command).await?)
    };
    match outcome.await {
        Ok(_) => Ok(to_telling(&root(&place), "The spend alert has been added.")),
        Err(problem) => Ok(page(&console, &place, form.take(&problem, FIELDS), problem.status)),
    }
}
