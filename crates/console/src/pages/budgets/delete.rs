//! `…/budgets/{id}/delete`

use axum::{extract::State, http::StatusCode, response::Response};
use keyward_service::budget::{self, BudgetDetails};

use super::{edit::find, fields::summary, root};
use crate::{
    Console,
    form::Form,
    pages::{confirm::Ask, place::Place},
    problem_page::Refused,
    shell::Shell,
    toast::to_telling,
};

fn question(place: &Place, details: &BudgetDetails) -> (Ask, Shell) {
    let root = root(place);
    let page = format!("{root}/{}", details.budget.id);
    let ask = Ask {
        title: format!("Delete the budget of {}?", summary(&details.budget.terms)),
        lines: vec!["Calls aren't held to it any more, from the next one on.".to_owned()],
        action: format!("{page}/delete"),
        button: "Delete budget",
        back: page,
        is_destructive: true,
        ..Ask::default()
    };
    (ask, place.shell("Delete").crumb(root, "Budgets"))
}

pub async fn ask(State(console): State<Console>, place: Place) -> Result<Response, Refused> {
    let details = find(&console, &place).await?;
    let (ask, shell) = question(&place, &details);
    Ok(ask.page(shell))
}

pub async fn delete(State(console): State<Console>, place: Place, mut form: Form) -> Result<Response, Refused> {
    let details = find(&console, &place).await?;
    let (ask, shell) = question(&place, &details);
    if !ask.is_answered(&mut form) {
        return Ok(ask.again(shell, form, StatusCode::BAD_REQUEST));
    }
    let deleted = budget::delete(&console.keyward, &place.visit.actor, place.project_id(), details.budget.id).await;
    match deleted {
        Ok(()) => Ok(to_telling(&root(&place), "The budget has been deleted.")),
        Err(error) => Ok(ask.refused(shell, form, &error.into())),
    }
}
