//! `…/credentials/{id}/delete`

use axum::{extract::State, http::StatusCode, response::Response};
use keyward_service::credential::{self, CredentialDetails};

use super::edit::find;
use crate::{
    Console,
    form::Form,
    pages::{confirm::Ask, place::Place},
    problem_page::Refused,
    shell::Shell,
    toast::to_telling,
};

fn question(place: &Place, details: &CredentialDetails) -> (Ask, Shell) {
    let (name, root) = (&details.credential.name, format!("{}/credentials", place.root()));
    let page = format!("{root}/{}", details.credential.id);
    let ask = Ask {
        title: format!("Delete credential {name}?"),
        lines: vec![
            "Keyward forgets the provider's secret. Calls that only this credential can answer fail from the next one on. This can't be undone.".into(),
            "Revoke the key at the provider too, if nobody else uses it.".into(),
        ],
        action: format!("{page}/delete"),
        button: "Delete credential",
        back: page,
        is_destructive: true,
        typed: Some(name.to_string()),
        ..Ask::default()
    };
    (ask, place.shell("Delete").crumb(root, "Credentials"))
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
    let (project, id) = (place.project_id(), details.credential.id);
    match credential::delete(&console.keyward, &place.visit.actor, project, id).await {
        Ok(()) => {
            let text = format!("The credential {} has been deleted.", details.credential.name);
            Ok(to_telling(&format!("{}/credentials", place.root()), text))
        }
        Err(error) => Ok(ask.refused(shell, form, &error.into())),
    }
}
