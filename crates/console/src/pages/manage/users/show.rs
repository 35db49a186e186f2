//! `/projects/{id}/manage/users/{user}`: what somebody holds in a project, and
//! putting one role in the place of all that they were given.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use keyward_domain::{Invalid, assignment::parse_role, id::RoleId, permission::Permission, role::Scope};
use keyward_service::{
    Error,
    project_member::{self, ProjectMemberDetails},
    role_assignment::{self, Principal},
};
use keyward_web::Problem;

use crate::{
    Console,
    form::Form,
    pages::{
        grants::{self, Grants},
        manage::{holder::Holder, roles::ProjectRoles},
    },
    problem_page::Refused,
    respond::html_with,
    shell::Shell,
    toast::to_telling,
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
    holder: &Holder,
    details: &ProjectMemberDetails,
    mut form: Form,
    status: StatusCode,
) -> Result<Response, Refused> {
    let (visit, seat) = (&holder.visit, holder.seat());
    let may_manage = visit.may(Permission::MembersManage, seat.scope);
    let is_above = !role_assignment::reaches(&console.keyward, &visit.actor, seat).await?;
    if !form.is_ticked("role") {
        let held = parse_role("role", Scope::Project(holder.project.id), &details.role);
        form.set("role", held.map(|id| id.to_string()).unwrap_or_default());
    }
    let grants = grants::load(console, visit, seat, format!("{}/roles", holder.page())).await?;
    let member = &details.member;
    let page = UserPage {
        shell: holder.shell(holder.name()),
        page: holder.page(),
        name: holder.name().to_owned(),
        email: member.user.email.to_string(),
        added: When::new(member.added_at, visit.now),
        by_sso: grants.as_ref().is_some_and(Grants::by_sso),
        grants,
        roles: ProjectRoles::load(console, visit, &holder.project).await?.givable,
        can_manage: may_manage && !is_above,
        is_above: may_manage && is_above,
        form,
    };
    Ok(html_with(status, &page))
}

pub async fn change(State(console): State<Console>, holder: Holder, form: Form) -> Result<Response, Refused> {
    let (seat, actor) = (holder.seat(), &holder.visit.actor);
    let outcome = async {
        let role: RoleId = form.text("role").parse().map_err(|_| Invalid::new("role", "Choose one of the roles."))?;
        let Principal::User(user) = seat.principal else { return Err(Error::NotFound("member of the project").into()) };
        Ok::<_, Problem>(project_member::update(&console.keyward, actor, holder.project.id, user, Some(role)).await?)
    };
    match outcome.await {
        Ok(_) => Ok(to_telling(&holder.page(), format!("The role of {} has been updated.", holder.name()))),
        Err(problem) => holder.answer(&console, form.take(&problem, &[("role", "role")]), problem.status).await,
    }
}
