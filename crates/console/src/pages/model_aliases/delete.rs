//! `…/model-aliases/{id}/delete`

use axum::{extract::State, http::StatusCode, response::Response};
use keyward_domain::model_alias::ModelAlias;
use keyward_service::model_alias;

use super::edit::find;
use crate::{
    Console,
    form::Form,
    pages::{confirm::Ask, place::Place},
    problem_page::Refused,
    shell::Shell,
    toast::to_telling,
};

fn question(place: &Place, alias: &ModelAlias) -> (Ask, Shell) {
    let root = format!("{}/manage/model-aliases", place.root());
    let page = format!("{root}/{}", alias.id);
    let ask = Ask {
        title: format!("Delete the alias {}?", alias.name),
        lines: vec!["From the next call on, its name is a model's like any other.".to_owned()],
        action: format!("{page}/delete"),
        button: "Delete alias",
        back: page,
        is_destructive: true,
        ..Ask::default()
    };
    (ask, place.shell("Delete").crumb(root, "Model aliases"))
}

pub async fn ask(State(console): State<Console>, place: Place) -> Result<Response, Refused> {
    let (_, alias) = find(&console, &place).await?;
    let (ask, shell) = question(&place, &alias);
    Ok(ask.page(shell))
}

pub async fn delete(State(console): State<Console>, place: Place, mut form: Form) -> Result<Response, Refused> {
    let (named, alias) = find(&console, &place).await?;
    let (ask, shell) = question(&place, &alias);
    if !ask.is_answered(&mut form) {
        return Ok(ask.again(shell, form, StatusCode::BAD_REQUEST));
    }
    match model_alias::delete(&console.keyward, &place.visit.actor, named).await {
        Ok(()) => {
            let text = format!("The alias {} has been deleted.", alias.name);
            Ok(to_telling(&format!("{}/manage/model-aliases", place.root()), text))
        }
        Err(error) => Ok(ask.refused(shell, form, &error.into())),
    }
}
