//! Taking a group out of a project.

use axum::{
    extract::{Path, State},
    response::Response,
};
use keyward_service::project_group;

use super::{Found, find};
use crate::{Console, form::Form, pages::confirm::Ask, problem_page::Refused, toast::to_telling, visit::Visit};

fn question(found: &Found) -> Ask {
    Ask {
        title: format!("Remove the group {} from {}?", found.name(), found.project.name),
        lines: vec![
            "Its members lose what they hold in this project through it alone, at once.".into(),
            "The group stays, and so does what it holds elsewhere. API keys go on working: they belong to the project."
                .into(),
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
    Path((project_id, group_id)): Path<(String, String)>,
) -> Result<Response, Refused> {
    let found = find(&console, &visit, &project_id, &group_id).await?;
    Ok(question(&found).page(found.below(&visit, "Remove")))
}

pub async fn remove(
    State(console): State<Console>,
    visit: Visit,
    Path((project_id, group_id)): Path<(String, String)>,
    form: Form,
) -> Result<Response, Refused> {
    let found = find(&console, &visit, &project_id, &group_id).await?;
    match project_group::remove(&console.keyward, &visit.actor, found.project.id, found.held.group.id).await {
        Ok(()) => {
            Ok(to_telling(&found.list(), format!("The group {} has been removed from the project.", found.name())))
        }
        Err(error) => Ok(question(&found).refused(found.below(&visit, "Remove"), form, &error.into())),
    }
}
