//! Deactivating and activating a project, and revoking all of its keys.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use keyward_domain::{permission::Permission, project::Project, role::Scope};
use keyward_service::{Error, api_key, project};

use super::find;
use crate::{
    Console,
    form::Form,
    pages::{confirm::Ask, parts::counted},
    problem_page::Refused,
    shell::Shell,
    toast::to_telling,
    visit::Visit,
};

fn shell(visit: &Visit, project: &Project, title: &str) -> Shell {
    Shell::new(visit, title).within(visit, project)
}

fn question(project: &Project, page: &str) -> Ask {
    let root = format!("/projects/{}", project.id);
    Ask { action: format!("{root}/{page}"), back: root, ..Ask::default() }
}

fn deactivation(visit: &Visit, project: &Project) -> Ask {
    let mut ask = Ask {
        title: format!("Deactivate project {}?", project.name),
        lines: vec![
            "Every call with its API keys fails at once, and no new key can be made.".into(),
            "Its keys are kept: they work again once the project is activated.".into(),
        ],
        button: "Deactivate Project",
        is_destructive: true,
        ..question(project, "deactivate")
    };
    if visit.may(Permission::ApiKeysRevoke, Scope::Project(project.id)) {
        ask.boxes.push(("revoke", "Also revoke all of its API keys", "This part can't be undone."));
    }
    ask
}

pub async fn ask_deactivate(
    State(console): State<Console>,
    visit: Visit,
    Path(project_id): Path<String>,
) -> Result<Response, Refused> {
    let project = find(&console, &visit, &project_id).await?.project;
    Ok(deactivation(&visit, &project).page(shell(&visit, &project, "Deactivate")))
}

pub async fn deactivate(
    State(console): State<Console>,
    visit: Visit,
    Path(project_id): Path<String>,
    form: Form,
) -> Result<Response, Refused> {
    let project = find(&console, &visit, &project_id).await?.project;
    let revoke = form.is_ticked("revoke");
    let done = project::deactivate(&console.keyward, &visit.actor, project.id, revoke, None).await;
    let ask = deactivation(&visit, &project);
    finish(&visit, &project, ask, form, done.map(|_| "The project is inactive: its calls are refused.".into()))
}

fn activation(project: &Project) -> Ask {
    Ask {
        title: format!("Activate project {}?", project.name),
        lines: vec!["Its API keys work again from the next call on, unless they expired or were revoked.".into()],
        button: "Activate Project",
        ..question(project, "activate")
    }
}

pub async fn ask_activate(
    State(console): State<Console>,
    visit: Visit,
    Path(project_id): Path<String>,
) -> Result<Response, Refused> {
    let project = find(&console, &visit, &project_id).await?.project;
    Ok(activation(&project).page(shell(&visit, &project, "Activate")))
}

pub async fn activate(
    State(console): State<Console>,
    visit: Visit,
    Path(project_id): Path<String>,
    form: Form,
) -> Result<Response, Refused> {
    let project = find(&console, &visit, &project_id).await?.project;
    let done = project::activate(&console.keyward, &visit.actor, project.id, None).await;
    let ask = activation(&project);
    finish(&visit, &project, ask, form, done.map(|_| "The project is active: its API keys work.".into()))
}

fn revocation(project: &Project) -> Ask {
    Ask {
        title: format!("Revoke all API keys of {}?", project.name),
        lines: vec![
            "All keys stop working at once, for good. This can't be undone.".into(),
            "Applications need new keys afterwards: create and hand them out first if their calls must not fail."
                .into(),
        ],
        button: "Revoke All Keys",
        is_destructive: true,
        typed: Some(project.name.to_string()),
        ..question(project, "revoke-all")
    }
}

pub async fn ask_revoke_all(
    State(console): State<Console>,
    visit: Visit,
    Path(project_id): Path<String>,
) -> Result<Response, Refused> {
    let project = find(&console, &visit, &project_id).await?.project;
    Ok(revocation(&project).page(shell(&visit, &project, "Revoke all keys")))
}

pub async fn revoke_all(
    State(console): State<Console>,
    visit: Visit,
    Path(project_id): Path<String>,
    mut form: Form,
) -> Result<Response, Refused> {
    let project = find(&console, &visit, &project_id).await?.project;
    let ask = revocation(&project);
    if !ask.is_answered(&mut form) {
        return Ok(ask.again(shell(&visit, &project, "Revoke all keys"), form, StatusCode::BAD_REQUEST));
    }
    let done = api_key::revoke_all(&console.keyward, &visit.actor, project.id).await;
    let done = done.map(|done| format!("{} revoked.", counted(done.revoked, "API key was", "API keys were")));
    finish(&visit, &project, ask, form, done)
}

fn finish(
    visit: &Visit,
    project: &Project,
    ask: Ask,
    form: Form,
    done: Result<String, Error>,
) -> Result<Response, Refused> {
    match done {
        Ok(text) => Ok(to_telling(&format!("/projects/{}", project.id), text)),
        Err(error) => Ok(ask.refused(shell(visit, project, "Not possible"), form, &error.into())),
    }
}
