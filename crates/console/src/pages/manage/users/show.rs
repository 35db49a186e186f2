//! `/projects/{id}/manage/users/{user}`: what somebody holds in a project, and
//! putting one role in the place of all that they were given.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use keyward_domain::{Invalid, assignment::parse_role, id::RoleId, permission::Permission, role::Scope};
use keyward_service::{project_member, role_assignment};
use keyward_web::Problem;

use super::{Found, find};
use crate::{
    Console,
    form::Form,
    pages::{
        grants::{self, Grants},
        manage::roles::ProjectRoles,
    },
    problem_page::Refused,
    respond::html_with,
    shell::Shell,
    toast::to_telling,
    visit::Visit,
    when::When,
};

#[derive(Template)]
#[template(path = "manage/user.html")]
struct UserPage {
    shell: Shell,
    page: String,
    name: String,
    email: String,
    added: When,
    grants: Option<Grants>,
    /// What may be put in the place of all roles: id and name.
    roles: Vec<(String, String)>,
    can_manage: bool,
    /// Whether only somebody who holds more could change them.
    is_above: bool,
    /// Whether single sign-on keeps them in the project.
    by_sso: bool,
    form: Form,
}

/// The page; also again, after a form on it was refused.
pub async fn page(
    console: &Console,
    visit: &Visit,
    found: &Found,
    mut form: Form,
    status: StatusCode,
) -> Result<Response, Refused> {
    let seat = found.seat();
    let may_manage = visit.may(Permission::MembersManage, seat.scope);
    let is_above = !role_assignment::reaches(&console.keyward, &visit.actor, seat).await?;
    if !form.is_ticked("role") {
        let held = parse_role("role", Scope::Project(found.project.id), &found.details.role);
        form.set("role", held.map(|id| id.to_string()).unwrap_or_default());
    }
    let grants = grants::load(console, visit, seat, format!("{}/roles", found.page())).await?;
    let member = &found.details.member;
    let page = UserPage {
        shell: found.shell(visit, found.name()),
        page: found.page(),
        name: found.name().to_owned(),
        email: member.user.email.to_string(),
        added: When::new(member.added_at, visit.now),
        by_sso: grants.as_ref().is_some_and(Grants::by_sso),
        grants,
        roles: ProjectRoles::load(console, visit, &found.project).await?.givable,
        can_manage: may_manage && !is_above,
        is_above: may_manage && is_above,
        form,
    };
    Ok(html_with(status, &page))
}

pub async fn show(
    State(console): State<Console>,
    visit: Visit,
    Path((project_id, user_id)): Path<(String, String)>,
) -> Result<Response, Refused> {
    let found = find(&console, &visit, &project_id, &user_id).await?;
    page(&console, &visit, &found, Form::default(), StatusCode::OK).await
}

pub async fn change(
    State(console): State<Console>,
    visit: Visit,
    Path((project_id, user_id)): Path<(String, String)>,
    form: Form,
) -> Result<Response, Refused> {
    let found = find(&console, &visit, &project_id, &user_id).await?;
    let outcome = async {
        let role: RoleId = form.text("role").parse().map_err(|_| Invalid::new("role", "Choose one of the roles."))?;
        let (project, user) = (found.project.id, found.user);
        Ok::<_, Problem>(project_member::update(&console.keyward, &visit.actor, project, user, Some(role)).await?)
    };
    match outcome.await {
        Ok(_) => Ok(to_telling(&found.page(), format!("The role of {} has been updated.", found.name()))),
        Err(problem) => page(&console, &visit, &found, form.take(&problem, &[("role", "role")]), problem.status).await,
    }
}
