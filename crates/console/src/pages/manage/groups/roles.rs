//! Giving a group further roles in a project, and taking them one by one.

use axum::{
    extract::{Path, State},
    response::Response,
};
use keyward_domain::id::RoleId;
use keyward_service::{Error, role_assignment};

use super::{Found, find, show};
use crate::{
    Console,
    form::Form,
    pages::{confirm::Ask, grants},
    problem_page::Refused,
    toast::to_telling,
    visit::Visit,
};

pub async fn assign(
    State(console): State<Console>,
    visit: Visit,
    Path((project_id, group_id)): Path<(String, String)>,
    form: Form,
) -> Result<Response, Refused> {
    let found = find(&console, &visit, &project_id, &group_id).await?;
    match grants::assign(&console, &visit, found.seat(), &form).await {
        Ok(role) => {
            let text = format!("Everybody in {} holds the role {role} in this project now.", found.name());
            Ok(to_telling(&found.page(), text))
        }
        Err(problem) => {
            let form = form.take(&problem, grants::FIELDS);
            show::page(&console, &visit, &found, form, problem.status).await
        }
    }
}

async fn question(console: &Console, visit: &Visit, found: &Found, role_id: &str) -> Result<(RoleId, Ask), Error> {
    let holder = (&*found.page(), found.name());
    let (role, mut ask) = grants::taking(console, visit, found.seat(), role_id, holder).await?;
    if found.held.roles == [role] {
        ask.lines.push(
            "It is the only role that the group holds here: without it the group is in this project no longer.".into(),
        );
    }
    Ok((role, ask))
}

pub async fn ask(
    State(console): State<Console>,
    visit: Visit,
    Path((project_id, group_id, role_id)): Path<(String, String, String)>,
) -> Result<Response, Refused> {
    let found = find(&console, &visit, &project_id, &group_id).await?;
    let (_, ask) = question(&console, &visit, &found, &role_id).await?;
    Ok(ask.page(found.below(&visit, "Take a role away")))
}

pub async fn unassign(
    State(console): State<Console>,
    visit: Visit,
    Path((project_id, group_id, role_id)): Path<(String, String, String)>,
    form: Form,
) -> Result<Response, Refused> {
    let found = find(&console, &visit, &project_id, &group_id).await?;
    let (role, ask) = question(&console, &visit, &found, &role_id).await?;
    match role_assignment::unassign(&console.keyward, &visit.actor, found.seat(), role).await {
        Ok(()) => {
            let is_out = found.held.roles == [role];
            let back = if is_out { found.list() } else { found.page() };
            Ok(to_telling(&back, format!("The role has been taken from {}.", found.name())))
        }
        Err(error) => Ok(ask.refused(found.below(&visit, "Take a role away"), form, &error.into())),
    }
}
