//! `…/limits/{id}/delete`

use axum::{extract::State, http::StatusCode, response::Response};
use keyward_domain::limit::ProjectLimit;
use keyward_service::limit;

use super::{edit::find, fields::summary, title};
use crate::{
    Console,
    form::Form,
    pages::{confirm::Ask, place::Place},
    problem_page::Refused,
    shell::Shell,
    toast::to_telling,
};

fn question(place: &Place, limit: &ProjectLimit) -> (Ask, Shell) {
    let root = format!("{}/manage/limits", place.root());
    let page = format!("{root}/{}", limit.id);
    let ask = Ask {
        title: format!("Delete the limit of {}?", title(limit)),
        lines: vec![format!("Calls aren't held to {} any more, from the next one on.", summary(&limit.limits))],
        action: format!("{page}/delete"),
        button: "Delete limit",
        back: page,
        is_destructive: true,
        ..Ask::default()
    };
    (ask, place.shell("Delete").crumb(root, "Limits"))
}

pub async fn ask(State(console): State<Console>, place: Place) -> Result<Response, Refused> {
    let (_, limit) = find(&console, &place).await?;
    let (ask, shell) = question(&place, &limit);
    Ok(ask.page(shell))
}

pub async fn delete(State(console): State<Console>, place: Place, mut form: Form) -> Result<Response, Refused> {
    let (named, limit) = find(&console, &place).await?;
    let (ask, shell) = question(&place, &limit);
    if !ask.is_answered(&mut form) {
        return Ok(ask.again(shell, form, StatusCode::BAD_REQUEST));
    }
    match limit::delete(&console.keyward, &place.visit.actor, named).await {
        Ok(()) => {
            let text = format!("The limit of {} has been deleted.", title(&limit));
            Ok(to_telling(&format!("{}/manage/limits", place.root()), text))
        }
        Err(error) => Ok(ask.refused(shell, form, &error.into())),
    }
}
