//! Deleting a service account: its API keys are revoked with it.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use keyward_service::service_account;

use super::{Found, find, root};
use crate::{
    Console,
    form::Form,
    pages::{confirm::Ask, parts::counted},
    problem_page::Refused,
    toast::to_telling,
    visit::Visit,
};

fn question(found: &Found) -> Ask {
    Ask {
        title: format!("Delete the service account {}?", found.name()),
        lines: vec![
            "All its API keys are revoked at once: calls that use them fail. This can't be undone.".into(),
            "Update applications that use these keys before you delete it.".into(),
        ],
        action: format!("{}/delete", found.page()),
        button: "Delete",
        back: found.page(),
        is_destructive: true,
        typed: Some(found.name().to_owned()),
        ..Ask::default()
    }
}

pub async fn ask(
    State(console): State<Console>,
    visit: Visit,
    Path((project_id, account_id)): Path<(String, String)>,
) -> Result<Response, Refused> {
    let found = find(&console, &visit, &project_id, &account_id).await?;
    Ok(question(&found).page(found.below(&visit, "Delete")))
}

pub async fn delete(
    State(console): State<Console>,
    visit: Visit,
    Path((project_id, account_id)): Path<(String, String)>,
    mut form: Form,
) -> Result<Response, Refused> {
    let found = find(&console, &visit, &project_id, &account_id).await?;
    let (ask, shell) = (question(&found), found.below(&visit, "Delete"));
    if !ask.is_answered(&mut form) {
        return Ok(ask.again(shell, form, StatusCode::BAD_REQUEST));
    }
    match service_account::delete(&console.keyward, &visit.actor, found.place).await {
        Ok(revoked) => {
            let revoked = counted(i64::try_from(revoked).unwrap_or(i64::MAX), "API key was", "API keys were");
            let text = format!("The service account {} has been deleted; {revoked} revoked.", found.name());
            Ok(to_telling(&root(&found.project), text))
        }
        Err(error) => Ok(ask.refused(shell, form, &error.into())),
    }
}
