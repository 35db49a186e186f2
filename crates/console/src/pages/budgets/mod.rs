//! Budgets of the organization, and of a project among its settings: list, add,
//! edit, delete.

mod delete;
mod edit;
pub mod fields;
mod list;
mod new;

use axum::{Router, routing::get};
use keyward_domain::budget::BudgetWindow;

use super::place::Place;
use crate::Console;

pub fn routes() -> Router<Console> {
    ["/organization/budgets", "/projects/{project_id}/manage/budgets"].into_iter().fold(
        Router::new(),
        |router, root| {
            router
                .route(root, get(list::list).post(new::create))
                .route(&format!("{root}/new"), get(new::show))
                .route(&format!("{root}/{{budget_id}}"), get(edit::show).post(edit::save))
                .route(&format!("{root}/{{budget_id}}/delete"), get(delete::ask).post(delete::delete))
        },
    )
}

fn root(place: &Place) -> String {
    match place.project {
        Some(_) => format!("{}/manage/budgets", place.root()),
        None => format!("{}/budgets", place.root()),
    }
}

/// What a budget is called.
const fn title(window: BudgetWindow) -> &'static str {
    match window {
        BudgetWindow::Day => "A day",
        BudgetWindow::Week => "A week",
        BudgetWindow::Month => "A month",
        BudgetWindow::Total => "In all",
    }
}
