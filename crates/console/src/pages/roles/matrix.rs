//! Which role holds which permission: permissions down, roles across.

use askama::Template;
use axum::{extract::State, response::Response};
use keyward_domain::{
    page::Order,
    permission::{Kind, Permission},
    role::{BuiltIn, Role, Scope},
};
use keyward_service::role;

use super::{Place, below, fields::kind_title, list::tabs};
use crate::{
    Console,
    list::{Paging, Query},
    pages::parts::Tab,
    problem_page::Refused,
    respond::html,
    shell::Shell,
};

struct MatrixRow {
    permission: &'static str,
    /// Whether each of the roles holds it.
    cells: Vec<bool>,
}

struct MatrixGroup {
    title: &'static str,
    rows: Vec<MatrixRow>,
}

#[derive(Template)]
#[template(path = "roles/matrix.html")]
struct MatrixPage {
    shell: Shell,
    manage: Vec<Tab>,
    tabs: Vec<Tab>,
    roles: Vec<String>,
    groups: Vec<MatrixGroup>,
    /// How many columns there are.
    width: usize,
    paging: Paging,
}

pub async fn show(State(console): State<Console>, place: Place, query: Query) -> Result<Response, Refused> {
    let visit = &place.visit;
    let listed = role::list(&console.keyward, &visit.actor, place.scope(), query.page(Order::Desc)?).await?;
    let (first, last) = (listed.data.first(), listed.data.last());
    let (first, last) = (first.map(|role| role.id.to_string()), last.map(|role| role.id.to_string()));
    // The built-in ones stand beside every page of others, those of projects too.
    let built_in = BuiltIn::ALL.into_iter().filter(|role| place.project.is_none() || !role.is_of_organization());
    let mut roles: Vec<Role> = built_in.map(|role| role.role(visit.actor.organization)).collect();
    roles.extend(listed.data.into_iter().filter(|role| role.custom.is_some()));
    let page = MatrixPage {
        shell: below(&place, "Permissions"),
        manage: place.manage_tabs(),
        tabs: tabs(&place, "/permissions"),
        groups: groups(&roles, place.scope()),
        width: roles.len() + 1,
        roles: roles.into_iter().map(|role| role.name.to_string()).collect(),
        paging: query.paging(first.as_deref(), last.as_deref(), listed.has_more),
    };
    Ok(html(&page))
}

/// Within a project only what can be held there.
fn groups(roles: &[Role], scope: Scope) -> Vec<MatrixGroup> {
    let row = |permission: Permission| MatrixRow {
        permission: permission.as_str(),
        cells: roles.iter().map(|role| role.permissions.contains(permission)).collect(),
    };
    let is_held_here = |kind: &Kind| scope == Scope::Organization || *kind != Kind::Organization;
    let kinds = [Kind::Organization, Kind::Administration, Kind::Data].into_iter().filter(is_held_here);
    kinds
        .map(|kind| MatrixGroup {
            title: kind_title(kind),
            rows: Permission::ALL.iter().copied().filter(|one| one.kind() == kind).map(row).collect(),
        })
        .collect()
}
