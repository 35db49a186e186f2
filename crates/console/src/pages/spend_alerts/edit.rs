//! `…/spend-alerts/{id}`

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use keyward_domain::{permission::Permission, spend_alert::SpendAlert};
use keyward_service::spend_alert::{self, UpdateSpendAlert};
use keyward_web::Problem;

use super::{
    fields::{self, FIELDS},
    root,
};
use crate::{
    Console, form::Form, pages::place::Place, problem_page::Refused, respond::html_with, shell::Shell,
    toast::to_telling, when::When,
};

#[derive(Template)]
#[template(path = "spend_alerts/edit.html")]
struct EditPage {
    shell: Shell,
    page: String,
    root: String,
    title: String,
    recipients: Vec<String>,
    notified: Option<When>,
    created: When,
    updated: When,
    form: Form,
    sends_mail: bool,
    can_manage: bool,
}

/// The alert that an address names.
pub async fn find(console: &Console, place: &Place) -> Result<SpendAlert, Refused> {
    let id = place.id("alert_id", "spend alert")?;
    Ok(spend_alert::find(&console.keyward, &place.visit.actor, place.project_id(), id).await?)
}

fn filled(alert: &SpendAlert) -> Form {
    let mut form = Form::filled([("version", alert.version.to_string())]);
    fields::show(&mut form, &alert.terms);
    form
}

fn page(console: &Console, place: &Place, alert: &SpendAlert, form: Form, status: StatusCode) -> Response {
    let (root, now, title) = (root(place), place.visit.now, fields::summary(&alert.terms));
    let page = EditPage {
        shell: place.shell(title.clone()).crumb(root.clone(), "Spend alerts"),
        page: format!("{root}/{}", alert.id),
        root,
        title,
        recipients: alert.terms.recipients.iter().map(ToString::to_string).collect(),
        notified: alert.last_notified_at.map(|at| When::new(at, now)),
        created: When::new(alert.created_at, now),
        updated: When::new(alert.updated_at, now),
        form,
        sends_mail: console.keyward.sends_mail(),
        can_manage: place.may(Permission::AlertsManage),
    };
    html_with(status, &page)
}

pub async fn show(State(console): State<Console>, place: Place) -> Result<Response, Refused> {
    let alert = find(&console, &place).await?;
    Ok(page(&console, &place, &alert, filled(&alert), StatusCode::OK))
}

pub async fn save(State(console): State<Console>, place: Place, form: Form) -> Result<Response, Refused> {
    let alert = find(&console, &place).await?;
    let outcome = async {
        let (terms, expected_version) = (fields::terms(&form)?, form.version());
        let command = UpdateSpendAlert { whose: place.project_id(), alert: alert.id, terms, expected_version };
        Ok::<_, Problem>(spend_alert::update(&console.keyward, &place.visit.actor, command).await?)
    };
    match outcome.await {
        Ok(_) => Ok(to_telling(&root(&place), "The spend alert has been updated.")),
        Err(problem) if problem.code == "stale_version" => {
            let labels = [("Threshold", "threshold"), ("Recipients", "recipients"), ("Subject", "subject_prefix")];
            let form = form.overtaken(&filled(&alert), "spend alert", &labels);
            Ok(page(&console, &place, &alert, form, problem.status))
        }
        Err(problem) => Ok(page(&console, &place, &alert, form.take(&problem, FIELDS), problem.status)),
    }
}
