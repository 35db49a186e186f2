//! Taking somebody out of a project.

use axum::{
    extract::{Path, State},
    response::Response,
};
use keyward_service::project_member;

use super::{Found, find};
use crate::{Console, form::Form, pages::confirm::Ask, problem_page::Refused, toast::to_telling, visit::Visit};

fn question(found: &Found) -> Ask {
    Ask {
        title: format!("Remove {} from {}?", found.name(), found.project.name),
        lines: vec![
            "They lose what they hold in this project at once. They stay a member of the organization.".into(),
            "API keys that they created go on working: they belong to the project.".into(),
        ],
        action: format!("{}/remove", found.page()),
        button: "Remove",
        back: found.page(),
        is_destructive: true,
        ..Ask::default()
    }
}

pub async fn ask(
    State(console): State<Console>,
    visit: Visit,
    Path((project_id, user_id)): Path<(String, String)>,
) -> Result<Response, Refused> {
    let found = find(&console, &visit, &project_id, &user_id).await?;
    Ok(question(&found).page(found.below(&visit, "Remove")))
}

pub async fn remove(
    State(console): State<Console>,
    visit: Visit,
    Path((project_id, user_id)): Path<(String, String)>,
    form: Form,
) -> Result<Response, Refused> {
    let found = find(&console, &visit, &project_id, &user_id).await?;
    match project_member::remove(&console.keyward, &visit.actor, found.project.id, found.user).await {
        Ok(()) => Ok(to_telling(&found.list(), format!("{} has been removed from the project.", found.name()))),
        Err(error) => Ok(question(&found).refused(found.below(&visit, "Remove"), form, &error.into())),
    }
}
