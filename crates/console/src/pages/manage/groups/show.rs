//! `GET /projects/{id}/manage/groups/{group}`: what a group holds in a project.

use askama::Template;
use axum::{http::StatusCode, response::Response};
use keyward_domain::{permission::Permission, role::Scope};
use keyward_service::{project_group::ProjectGroup, role_assignment};

use crate::{
    Console,
    form::Form,
    pages::{
        grants::{self, Grants},
        manage::holder::Holder,
    },
    problem_page::Refused,
    respond::html_with,
    shell::Shell,
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
    holder: &Holder,
    held: &ProjectGroup,
    form: Form,
    status: StatusCode,
) -> Result<Response, Refused> {
    let (visit, seat) = (&holder.visit, holder.seat());
    let may_manage = visit.may(Permission::MembersManage, seat.scope);
    let is_above = !role_assignment::reaches(&console.keyward, &visit.actor, seat).await?;
    let sees_group = visit.may(Permission::GroupsRead, Scope::Organization);
    let page = GroupPage {
        shell: holder.shell(holder.name()),
        page: holder.page(),
        name: holder.name().to_owned(),
        added: When::new(held.added_at, visit.now),
        members: sees_group.then(|| format!("/organization/groups/{}", held.group.id)),
        grants: grants::load(console, visit, seat, format!("{}/roles", holder.page())).await?,
        can_manage: may_manage && !is_above,
        is_above: may_manage && is_above,
        form,
    };
    Ok(html_with(status, &page))
}
