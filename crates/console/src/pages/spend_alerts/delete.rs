//! `…/spend-alerts/{id}/delete`

use axum::{extract::State, http::StatusCode, response::Response};
use keyward_domain::spend_alert::SpendAlert;
use keyward_service::spend_alert;

use super::{edit::find, fields::summary, root};
use crate::{
    Console,
    form::Form,
    pages::{confirm::Ask, place::Place},
    problem_page::Refused,
    shell::Shell,
    toast::to_telling,
};

fn question(place: &Place, alert: &SpendAlert) -> (Ask, Shell) {
    let root = root(place);
    let page = format!("{root}/{}", alert.id);
    let ask = Ask {
        title: format!("Delete the spend alert of {}?", summary(&alert.terms)),
        lines: vec!["Nobody is told any more, also not by mails that still wait to be sent.".to_owned()],
        action: format!("{page}/delete"),
        button: "Delete spend alert",
        back: page,
        is_destructive: true,
        ..Ask::default()
    };
    (ask, place.shell("Delete").crumb(root, "Spend alerts"))
}

pub async fn ask(State(console): State<Console>, place: Place) -> Result<Response, Refused> {
    let alert = find(&console, &place).await?;
    let (ask, shell) = question(&place, &alert);
    Ok(ask.page(shell))
}

pub async fn delete(State(console): State<Console>, place: Place, mut form: Form) -> Result<Response, Refused> {
    let alert = find(&console, &place).await?;
    let (ask, shell) = question(&place, &alert);
    if !ask.is_answered(&mut form) {
        return Ok(ask.again(shell, form, StatusCode::BAD_REQUEST));
    }
    match spend_alert::delete(&console.keyward, &place.visit.actor, place.project_id(), alert.id).await {
        Ok(()) => Ok(to_telling(&root(&place), "The spend alert has been deleted.")),
        Err(error) => Ok(ask.refused(shell, form, &error.into())),
    }
}
