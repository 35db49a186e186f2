//! `…/budgets/{id}`

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use keyward_domain::permission::Permission;
use keyward_service::budget::{self, BudgetDetails, UpdateBudget};
use keyward_web::Problem;

use super::{
    fields::{self, FIELDS},
    root, title,
};
use crate::{
    Console, form::Form, pages::place::Place, problem_page::Refused, respond::html_with, shell::Shell,
    toast::to_telling, when::When,
};

#[derive(Template)]
#[template(path = "budgets/edit.html")]
struct EditPage {
    shell: Shell,
    page: String,
    root: String,
    title: String,
    stands: String,
    created: When,
    updated: When,
    form: Form,
    can_manage: bool,
}

/// The budget that an address names.
pub async fn find(console: &Console, place: &Place) -> Result<BudgetDetails, Refused> {
    let id = place.id("budget_id", "budget")?;
    Ok(budget::find(&console.keyward, &place.visit.actor, place.project_id(), id).await?)
}

fn filled(details: &BudgetDetails) -> Form {
    let mut form = Form::filled([("version", details.budget.version.to_string())]);
    fields::show(&mut form, &details.budget.terms);
    form
}

fn page(place: &Place, details: &BudgetDetails, form: Form, status: StatusCode) -> Response {
    let (root, now, budget) = (root(place), place.visit.now, &details.budget);
    let page = EditPage {
        shell: place.shell(title(budget.terms.window)).crumb(root.clone(), "Budgets"),
        page: format!("{root}/{}", budget.id),
        root,
        title: fields::summary(&budget.terms),
        stands: fields::stands(details.spending),
        created: When::new(budget.created_at, now),
        updated: When::new(budget.updated_at, now),
        form,
        can_manage: place.may(Permission::LimitsManage),
    };
    html_with(status, &page)
}

pub async fn show(State(console): State<Console>, place: Place) -> Result<Response, Refused> {
    let details = find(&console, &place).await?;
    Ok(page(&place, &details, filled(&details), StatusCode::OK))
}

pub async fn save(State(console): State<Console>, place: Place, form: Form) -> Result<Response, Refused> {
    let details = find(&console, &place).await?;
    let outcome = async {
        let (patch, expected_version) = (fields::needed(&form)?, form.version());
        let command = UpdateBudget { whose: place.project_id(), budget: details.budget.id, patch, expected_version };
        Ok::<_, Problem>(budget::update(&console.keyward, &place.visit.actor, command).await?)
    };
    match outcome.await {
        Ok(_) => Ok(to_telling(&root(&place), "The budget has been updated. Calls are held to it from now on.")),
        Err(problem) if problem.code == "stale_version" => {
            let labels = [
                ("Amount", "budget_amount"),
                ("Window", "budget_window"),
                ("Kind", "budget_mode"),
                ("Time zone", "budget_time_zone"),
                ("Shadow mode", "budget_shadow"),
            ];
            let form = form.overtaken(&filled(&details), "budget", &labels);
            Ok(page(&place, &details, form, problem.status))
        }
        Err(problem) => Ok(page(&place, &details, form.take(&problem, FIELDS), problem.status)),
    }
}
