//! `GET /projects/{id}/manage/users`: who is in a project, and with which role.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use keyward_domain::{
    assignment::parse_role,
    id::RoleId,
    page::{Order, Page},
    permission::Permission,
    project::Project,
    role::{BuiltIn, Scope},
};
use keyward_service::{
    project_group,
    project_member::{self, ProjectMemberDetails},
    role,
};

use super::tabs;
use crate::{
    Console,
    form::Form,
    list::{Paging, Query},
    pages::{parts::Tab, projects},
    problem_page::Refused,
    respond::html_with,
    shell::Shell,
    visit::Visit,
    when::When,
};

struct Row {
    href: String,
    name: String,
    email: String,
    role: String,
    added: When,
}

struct GroupRow {
    name: String,
    added: When,
}

#[derive(Template)]
#[template(path = "manage/users.html")]
struct UsersPage {
    shell: Shell,
    tabs: Vec<Tab>,
    root: String,
    rows: Vec<Row>,
    paging: Paging,
    groups: Vec<GroupRow>,
    roles: Vec<(String, String)>,
    form: Form,
    /// An invitation's link, to hand over where no mail is sent: address and link.
    link: Option<(String, String)>,
    can_manage: bool,
}

/// Roles that can be held in a project: what a form sends, and what people call
/// it. Without the permission to read roles, the built-in ones.
pub async fn roles(console: &Console, visit: &Visit, project: &Project) -> Result<Vec<(String, String)>, Refused> {
    let scope = Scope::Project(project.id);
    if !visit.may(Permission::RolesRead, scope) {
        let built_in = BuiltIn::ALL.into_iter().map(|role| role.role(visit.actor.organization));
        return Ok(built_in.filter(|role| role.fits(scope)).map(|r| (r.id.to_string(), r.name.to_string())).collect());
    }
    let page = Page { limit: 1000, order: Order::Asc, cursor: None };
    let listed = role::list(&console.keyward, &visit.actor, scope, page).await?;
    Ok(listed.data.into_iter().map(|role| (role.id.to_string(), role.name.to_string())).collect())
}

/// The id of the role that a member's answer names by a word.
pub fn role_id(project: &Project, word: &str) -> Option<RoleId> {
    parse_role("role", Scope::Project(project.id), word).ok()
}

fn role_label(project: &Project, word: &str, roles: &[(String, String)]) -> String {
    let id = role_id(project, word).map(|id| id.to_string()).unwrap_or_default();
    roles.iter().find(|(known, _)| *known == id).map_or_else(|| word.to_owned(), |(_, name)| name.clone())
}

pub async fn show(
    State(console): State<Console>,
    visit: Visit,
    Path(project_id): Path<String>,
    query: Query,
) -> Result<Response, Refused> {
    let project = projects::find(&console, &visit, &project_id).await?.project;
    page(&console, &visit, &project, &query, Form::default(), None, StatusCode::OK).await
}

/// The page, with a form that was refused or an invitation's link.
pub async fn page(
    console: &Console,
    visit: &Visit,
    project: &Project,
    query: &Query,
    form: Form,
    link: Option<(String, String)>,
    status: StatusCode,
) -> Result<Response, Refused> {
    let listed = project_member::list(&console.keyward, &visit.actor, project.id, query.page(Order::Asc)?).await?;
    let id = |details: &ProjectMemberDetails| details.member.user.id.to_string();
    let (first, last) = (listed.data.first().map(id), listed.data.last().map(id));
    let every = Page { limit: 100, order: Order::Asc, cursor: None };
    let groups = project_group::list(&console.keyward, &visit.actor, project.id, every).await?;
    let roles = roles(console, visit, project).await?;
    let root = format!("/projects/{}/manage/users", project.id);
    let row = |ProjectMemberDetails { member, role }: ProjectMemberDetails| Row {
        href: format!("{root}/{}", member.user.id),
        name: member.user.name.to_string(),
        email: member.user.email.to_string(),
        role: role_label(project, &role, &roles),
        added: When::new(member.added_at, visit.now),
    };
    let rows = listed.data.into_iter().map(row).collect();
    let group = |held: project_group::ProjectGroup| GroupRow {
        name: held.group.name.to_string(),
        added: When::new(held.added_at, visit.now),
    };
    let page = UsersPage {
        shell: Shell::new(visit, "Manage").within(visit, project),
        tabs: tabs(visit, project),
        rows,
        paging: query.paging(first.as_deref(), last.as_deref(), listed.has_more),
        groups: groups.data.into_iter().map(group).collect(),
        roles,
        form,
        link,
        can_manage: visit.may(Permission::MembersManage, Scope::Project(project.id)),
        root,
    };
    Ok(html_with(status, &page))
}
