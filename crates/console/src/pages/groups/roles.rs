//! Giving a group roles of the organization, and taking them.

use axum::{
    extract::{Path, State},
    response::Response,
};
use keyward_service::role_assignment;

use super::{find, page_of, shell, show};
use crate::{Console, form::Form, list::Query, pages::grants, problem_page::Refused, toast::to_telling, visit::Visit};

pub async fn assign(
    State(console): State<Console>,
    visit: Visit,
    Path(group_id): Path<String>,
    query: Query,
    form: Form,
) -> Result<Response, Refused> {
    let group = find(&console, &visit, &group_id).await?;
    match grants::assign(&console, &visit, show::seat(&group), &form).await {
        Ok(role) => Ok(to_telling(&page_of(&group), format!("Everybody in {} holds the role {role} now.", group.name))),
        Err(problem) => {
            let form = form.take(&problem, show::FIELDS);
            show::page(&console, &visit, group, &query, form, problem.status).await
        }
    }
}

pub async fn ask(
    State(console): State<Console>,
    visit: Visit,
    Path((group_id, role_id)): Path<(String, String)>,
) -> Result<Response, Refused> {
    let group = find(&console, &visit, &group_id).await?;
    let holder = (&*page_of(&group), group.name.as_str());
    let (_, ask) = grants::taking(&console, &visit, show::seat(&group), &role_id, holder).await?;
    Ok(ask.page(shell(&visit, &group, "Take a role away")))
}

pub async fn unassign(
    State(console): State<Console>,
    visit: Visit,
    Path((group_id, role_id)): Path<(String, String)>,
    form: Form,
) -> Result<Response, Refused> {
    let group = find(&console, &visit, &group_id).await?;
    let holder = (&*page_of(&group), group.name.as_str());
    let (role, ask) = grants::taking(&console, &visit, show::seat(&group), &role_id, holder).await?;
    match role_assignment::unassign(&console.keyward, &visit.actor, show::seat(&group), role).await {
        Ok(()) => Ok(to_telling(&page_of(&group), format!("The role has been taken from {}.", group.name))),
        Err(error) => Ok(ask.refused(shell(&visit, &group, "Take a role away"), form, &error.into())),
    }
}
