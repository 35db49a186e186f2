//! Deleting a group.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use keyward_domain::group::Group;
use keyward_service::group;

use super::{ROOT, find, page_of, shell};
use crate::{Console, form::Form, pages::confirm::Ask, problem_page::Refused, toast::to_telling, visit::Visit};

fn question(group: &Group) -> Ask {
    let page = page_of(group);
    Ask {
        title: format!("Delete group {}?", group.name),
        lines: vec![
            "Its members lose at once what they hold through it alone, here and in projects. They stay members of the organization.".into(),
            "This can't be undone.".into(),
        ],
        action: format!("{page}/delete"),
        button: "Delete group",
        back: page,
        is_destructive: true,
        typed: Some(group.name.to_string()),
        ..Ask::default()
    }
}

pub async fn ask(
    State(console): State<Console>,
    visit: Visit,
    Path(group_id): Path<String>,
) -> Result<Response, Refused> {
    let group = find(&console, &visit, &group_id).await?;
    Ok(question(&group).page(shell(&visit, &group, "Delete group")))
}

pub async fn delete(
    State(console): State<Console>,
    visit: Visit,
    Path(group_id): Path<String>,
    mut form: Form,
) -> Result<Response, Refused> {
    let group = find(&console, &visit, &group_id).await?;
    let (ask, shell) = (question(&group), shell(&visit, &group, "Delete group"));
    if !ask.is_answered(&mut form) {
        return Ok(ask.again(shell, form, StatusCode::BAD_REQUEST));
    }
    match group::delete(&console.keyward, &visit.actor, group.id).await {
        Ok(()) => Ok(to_telling(ROOT, format!("The group {} has been deleted.", group.name))),
        Err(error) => Ok(ask.refused(shell, form, &error.into())),
    }
}
