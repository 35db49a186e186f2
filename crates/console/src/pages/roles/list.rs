//! The list of roles: built-in ones first.

use askama::Template;
use axum::{extract::State, response::Response};
use keyward_domain::{
    page::Order,
    permission::Permission,
    role::{BuiltIn, Role, Scope},
};
use keyward_service::role;

use super::{Place, page_of, root};
use crate::{
    Console,
    list::{Paging, Query},
    pages::parts::{Tab, counted},
    problem_page::Refused,
    respond::html,
    shell::Shell,
    visit::Visit,
    when::When,
};

struct Row {
    /// Where it is shown; empty for a role that belongs elsewhere.
    href: String,
    name: String,
    description: String,
    held_at: &'static str,
    permissions: String,
    /// When it was last changed; `None`: it is built in.
    changed: Option<When>,
}

#[derive(Template)]
#[template(path = "roles/list.html")]
struct ListPage {
    shell: Shell,
    root: String,
    manage: Vec<Tab>,
    tabs: Vec<Tab>,
    rows: Vec<Row>,
    paging: Paging,
    may_manage: bool,
}

pub fn tabs(place: &Place, here: &str) -> Vec<Tab> {
    [("", "Roles"), ("/permissions", "Permissions")]
        .map(|(page, label)| Tab { href: format!("{}{page}", root(place)), label, is_here: page == here })
        .into()
}

pub async fn list(State(console): State<Console>, place: Place, query: Query) -> Result<Response, Refused> {
    let visit = &place.visit;
    let listed = role::list(&console.keyward, &visit.actor, place.scope(), query.page(Order::Desc)?).await?;
    let (first, last) = (listed.data.first(), listed.data.last());
    let (first, last) = (first.map(|role| role.id.to_string()), last.map(|role| role.id.to_string()));
    let mut rows: Vec<_> = listed.data.iter().map(|role| row(visit, &place, role)).collect();
    let is_first_page = query.get("after").is_empty() && query.get("before").is_empty();
    if is_first_page {
        let at = listed.data.iter().take_while(|role| role.custom.is_none()).count();
        rows.splice(at..at, elsewhere(visit, &place));
    }
    let page = ListPage {
        shell: place.shell("Roles"),
        root: root(&place),
        manage: place.manage_tabs(),
        tabs: tabs(&place, ""),
        paging: query.paging(first.as_deref(), last.as_deref(), listed.has_more),
        rows,
        may_manage: place.may(Permission::RolesManage),
    };
    Ok(html(&page))
}

/// The built-in roles of projects, which the organization's page names too.
fn elsewhere(visit: &Visit, place: &Place) -> Vec<Row> {
    if place.scope() != Scope::Organization {
        return Vec::new();
    }
    let of_projects = BuiltIn::ALL.into_iter().filter(|role| !role.is_of_organization());
    of_projects
        .map(|role| Row { href: String::new(), ..row(visit, place, &role.role(visit.actor.organization)) })
        .collect()
}

fn row(visit: &Visit, place: &Place, role: &Role) -> Row {
    let number = i64::try_from(role.permissions.iter().count()).unwrap_or(i64::MAX);
    let is_of_organization = role.built_in().map_or(role.project.is_none(), BuiltIn::is_of_organization);
    Row {
        href: page_of(place, role),
        name: role.name.to_string(),
        description: role.description.clone(),
        held_at: if is_of_organization { "Organization" } else { "Projects" },
        permissions: counted(number, "permission", "permissions"),
        changed: role.custom.as_ref().map(|custom| When::new(custom.updated_at, visit.now)),
    }
}
