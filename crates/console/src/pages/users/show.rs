//! `GET /organization/users/{id}`: one member, what they hold and where.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use keyward_domain::{permission::Permission, role::Scope};
use keyward_service::{
    member::{MemberDetails, Membership},
    role_assignment::{self, Principal, Seat},
};

use super::{ROOT, find, page_of};
use crate::{
    Console,
    form::Form,
    pages::{
        grants::{self, Grants},
        parts::{Badge, when},
    },
    problem_page::Refused,
    respond::html_with,
    shell::Shell,
    toast::to_telling,
    visit::Visit,
    when::When,
};

struct ProjectRow {
    href: String,
    name: String,
    role: &'static str,
}

#[derive(Template)]
#[template(path = "users/show.html")]
struct ShowPage {
    shell: Shell,
    page: String,
    id: String,
    name: String,
    email: String,
    status: Badge,
    is_disabled: bool,
    is_self: bool,
    /// Whether the visitor manages members, and this one isn't above them.
    may_manage: bool,
    /// Whether only an owner could change them, and the visitor isn't one.
    is_above: bool,
    second_factor: bool,
    added: When,
    disabled_since: Option<When>,
    projects: Vec<ProjectRow>,
    grants: Option<Grants>,
    form: Form,
}

pub const fn seat(details: &MemberDetails) -> Seat {
    Seat { principal: Principal::User(details.member.user.id), scope: Scope::Organization }
}

async fn page(
    console: &Console,
    visit: &Visit,
    details: MemberDetails,
    form: Form,
    status: StatusCode,
) -> Result<Response, Refused> {
    let address = page_of(details.member.user.id);
    let is_above = details.role == "owner" && !visit.actor.access.is_owner();
    let mut grants = grants::load(console, visit, seat(&details), format!("{address}/roles")).await?;
    if let Some(grants) = &mut grants {
        grants.may_assign &= !is_above;
    }
    let member = details.member;
    let page = ShowPage {
        shell: Shell::new(visit, member.user.name.to_string()).crumb(ROOT, "Users"),
        page: address,
        id: member.user.id.to_string(),
        name: member.user.name.to_string(),
        email: member.user.email.to_string(),
        status: Badge::member(&member),
        is_disabled: member.disabled_at.is_some(),
        is_self: visit.account.user.id == member.user.id,
        may_manage: visit.may(Permission::MembersManage, Scope::Organization) && !is_above,
        is_above,
        second_factor: member.second_factor,
        added: When::new(member.added_at, visit.now),
        disabled_since: when(member.disabled_at, visit.now),
        projects: details.projects.into_iter().map(project_row).collect(),
        grants,
        form,
    };
    Ok(html_with(status, &page))
}

fn project_row(membership: Membership) -> ProjectRow {
    let role = match membership.role.as_str() {
        "owner" => "Project Admin",
        "member" => "Project Member",
        "viewer" => "Project Viewer",
        _ => "A role of the project's own",
    };
    ProjectRow { href: format!("/projects/{}", membership.project), name: membership.name.to_string(), role }
}

pub async fn show(
    State(console): State<Console>,
    visit: Visit,
    Path(user_id): Path<String>,
) -> Result<Response, Refused> {
    let details = find(&console, &visit, &user_id).await?;
    page(&console, &visit, details, Form::default(), StatusCode::OK).await
}

pub async fn assign(
    State(console): State<Console>,
    visit: Visit,
    Path(user_id): Path<String>,
    form: Form,
) -> Result<Response, Refused> {
    let details = find(&console, &visit, &user_id).await?;
    match grants::assign(&console, &visit, seat(&details), &form).await {
        Ok(role) => {
            let user = &details.member.user;
            Ok(to_telling(&page_of(user.id), format!("{} holds the role {role} now.", user.name)))
        }
        Err(problem) => {
            let form = form.take(&problem, grants::FIELDS);
            page(&console, &visit, details, form, problem.status).await
        }
    }
}

fn shell(visit: &Visit, details: &MemberDetails) -> Shell {
    let user = &details.member.user;
    Shell::new(visit, "Take a role away").crumb(ROOT, "Users").crumb(page_of(user.id), user.name.to_string())
}

pub async fn ask_unassign(
    State(console): State<Console>,
    visit: Visit,
    Path((user_id, role_id)): Path<(String, String)>,
) -> Result<Response, Refused> {
    let details = find(&console, &visit, &user_id).await?;
    let user = &details.member.user;
    let holder = (&*page_of(user.id), user.name.as_str());
    let (_, ask) = grants::taking(&console, &visit, seat(&details), &role_id, holder).await?;
    Ok(ask.page(shell(&visit, &details)))
}

pub async fn unassign(
    State(console): State<Console>,
    visit: Visit,
    Path((user_id, role_id)): Path<(String, String)>,
    form: Form,
) -> Result<Response, Refused> {
    let details = find(&console, &visit, &user_id).await?;
    let user = &details.member.user;
    let holder = (&*page_of(user.id), user.name.as_str());
    let (role, ask) = grants::taking(&console, &visit, seat(&details), &role_id, holder).await?;
    match role_assignment::unassign(&console.keyward, &visit.actor, seat(&details), role).await {
        Ok(()) => Ok(to_telling(&page_of(user.id), format!("The role has been taken from {}.", user.name))),
        Err(error) => Ok(ask.refused(shell(&visit, &details), form, &error.into())),
    }
}
