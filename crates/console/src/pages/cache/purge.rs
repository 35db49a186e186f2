//! `/projects/{id}/manage/cache/purge`

use axum::{extract::State, response::Response};
use keyward_domain::permission::Permission;
use keyward_service::{Error, cache};

use crate::{
    Console,
    form::Form,
    pages::{confirm::Ask, place::Place},
    problem_page::Refused,
    shell::Shell,
    toast::to_telling,
};

fn question(place: &Place) -> (Ask, Shell) {
    let page = format!("{}/manage/cache", place.root());
    let name = place.project.as_ref().map(|project| project.name.to_string()).unwrap_or_default();
    let ask = Ask {
        title: format!("Empty the cache of {name}?"),
        lines: vec![
            "Answers that are kept are given to nobody any more. Calls go to the provider again, and cost.".to_owned(),
        ],
        action: format!("{page}/purge"),
        button: "Empty the cache",
        back: page.clone(),
        is_destructive: true,
        ..Ask::default()
    };
    (ask, place.shell("Empty").crumb(page, "Cache"))
}

pub async fn ask(place: Place) -> Result<Response, Refused> {
    place.require(Permission::ProjectUpdate)?;
    let (ask, shell) = question(&place);
    Ok(ask.page(shell))
}

pub async fn purge(State(console): State<Console>, place: Place, form: Form) -> Result<Response, Refused> {
    let project = place.project_id().ok_or(Error::NotFound("project"))?;
    match cache::purge(&console.keyward, &place.visit.actor, project).await {
        Ok(_) => Ok(to_telling(&format!("{}/manage/cache", place.root()), "The cache has been emptied.")),
        Err(error) => {
            let (ask, shell) = question(&place);
            Ok(ask.refused(shell, form, &error.into()))
        }
    }
}
