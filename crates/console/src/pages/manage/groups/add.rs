//! `POST /projects/{id}/manage/groups`: gives a group a role in a project.

use axum::{
    extract::{Path, State},
    response::Response,
};
use keyward_domain::{
    Invalid,
    id::{GroupId, RoleId},
};
use keyward_service::project_group;
use keyward_web::Problem;

use crate::{
    Console,
    form::Form,
    list::Query,
    pages::{
        manage::users::{self, Besides},
        projects,
    },
    problem_page::Refused,
    respond::to,
    toast::to_telling,
    visit::Visit,
};

const FIELDS: &[(&str, &str)] = &[("group_id", "group_id"), ("role", "group_role")];

/// The list of groups stands below that of people.
pub async fn back(
    State(console): State<Console>,
    visit: Visit,
    Path(project_id): Path<String>,
) -> Result<Response, Refused> {
    let project = projects::find(&console, &visit, &project_id).await?.project;
    Ok(to(&users::root(&project)))
}

pub async fn add(
    State(console): State<Console>,
    visit: Visit,
    Path(project_id): Path<String>,
    query: Query,
    form: Form,
) -> Result<Response, Refused> {
    let project = projects::find(&console, &visit, &project_id).await?.project;
    let outcome = async {
        let group: GroupId =
            form.text("group_id").parse().map_err(|_| Invalid::new("group_id", "Choose the group to add."))?;
        let role: RoleId = form
            .text("group_role")
            .parse()
            .map_err(|_| Invalid::new("role", "Choose the role that its members will hold here."))?;
        Ok::<_, Problem>(project_group::add(&console.keyward, &visit.actor, project.id, group, role).await?)
    };
    match outcome.await {
        Ok(held) => {
            let text = format!("The group {} has been added to the project.", held.group.name);
            Ok(to_telling(&users::root(&project), text))
        }
        Err(problem) => {
            let besides = Besides { group: form.take(&problem, FIELDS), ..Besides::default() };
            users::page(&console, &visit, &project, &query, besides, problem.status).await
        }
    }
}
