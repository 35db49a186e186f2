//! `GET /projects/{id}/manage/groups/{group}`: what a group holds in a project.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use keyward_domain::{permission::Permission, role::Scope};
use keyward_service::role_assignment;

use super::{Found, find};
use crate::{
    Console,
    form::Form,
    pages::grants::{self, Grants},
    problem_page::Refused,
    respond::html_with,
    shell::Shell,
    visit::Visit,
    when::When,
};

#[derive(Template)]
#[template(path = "manage/group.html")]
struct GroupPage {
    shell: Shell,
    page: String,
    name: String,
    added: When,
    /// The group's own page, if the visitor may see it.
    members: Option<String>,
    grants: Option<Grants>,
    can_manage: bool,
    /// Whether only somebody who holds more could change it.
    is_above: bool,
    form: Form,
}

/// The page; also again, after a form on it was refused.
pub async fn page(
    console: &Console,
    visit: &Visit,
    found: &Found,
    form: Form,
    status: StatusCode,
) -> Result<Response, Refused> {
    let seat = found.seat();
    let may_manage = visit.may(Permission::MembersManage, seat.scope);
    let is_above = !role_assignment::reaches(&console.keyward, &visit.actor, seat).await?;
    let sees_group = visit.may(Permission::GroupsRead, Scope::Organization);
    let page = GroupPage {
        shell: found.shell(visit, found.name()),
        page: found.page(),
        name: found.name().to_owned(),
        added: When::new(found.held.added_at, visit.now),
        members: sees_group.then(|| format!("/organization/groups/{}", found.held.group.id)),
        grants: grants::load(console, visit, seat, format!("{}/roles", found.page())).await?,
        can_manage: may_manage && !is_above,
        is_above: may_manage && is_above,
        form,
    };
    Ok(html_with(status, &page))
}

pub async fn show(
    State(console): State<Console>,
    visit: Visit,
    Path((project_id, group_id)): Path<(String, String)>,
) -> Result<Response, Refused> {
    let found = find(&console, &visit, &project_id, &group_id).await?;
    page(&console, &visit, &found, Form::default(), StatusCode::OK).await
}
