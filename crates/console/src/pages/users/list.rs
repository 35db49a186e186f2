//! `GET /organization/users`

use std::collections::HashMap;

use askama::Template;
use axum::{extract::State, response::Response};
use keyward_domain::{
    id::RoleId,
    page::{Order, Page},
    permission::Permission,
    role::Scope,
};
use keyward_service::{
    member::{self, ListMembers, MemberDetails, MemberFilter},
    role,
};

use super::{ROOT, may_invite, page_of, tabs};
use crate::{
    Console,
    list::{Paging, Query},
    pages::parts::{Badge, Tab},
    problem_page::Refused,
    respond::html,
    shell::Shell,
    visit::Visit,
    when::When,
};

struct Row {
    href: String,
    name: String,
    email: String,
    roles: String,
    status: Badge,
    second_factor: bool,
    added: When,
}

#[derive(Template)]
#[template(path = "users/list.html")]
struct ListPage {
    shell: Shell,
    tabs: Vec<Tab>,
    query: Query,
    rows: Vec<Row>,
    paging: Paging,
    may_invite: bool,
}

pub async fn list(State(console): State<Console>, visit: Visit, query: Query) -> Result<Response, Refused> {
    let filter = MemberFilter { search: query.optional("search"), ..MemberFilter::default() };
    let order = if query.get("order") == "oldest" { Order::Asc } else { Order::Desc };
    let command = ListMembers { filter, with_key_use: false, page: query.page(order)? };
    let listed = member::list(&console.keyward, &visit.actor, command).await?;
    let names = role_names(&console, &visit).await?;
    let id = |details: &MemberDetails| details.member.user.id.to_string();
    let (first, last) = (listed.data.first().map(id), listed.data.last().map(id));
    let page = ListPage {
        shell: Shell::new(&visit, "Users"),
        tabs: tabs(ROOT),
        paging: query.paging(first.as_deref(), last.as_deref(), listed.has_more),
        rows: listed.data.into_iter().map(|details| row(&visit, &names, details)).collect(),
        may_invite: may_invite(&visit),
        query,
    };
    Ok(html(&page))
}

/// What the organization's roles are called, if the visitor may know.
async fn role_names(console: &Console, visit: &Visit) -> Result<HashMap<RoleId, String>, Refused> {
    if !visit.may(Permission::RolesRead, Scope::Organization) {
        return Ok(HashMap::new());
    }
    let page = Page { limit: 1000, order: Order::Asc, cursor: None };
    let roles = role::list(&console.keyward, &visit.actor, Scope::Organization, page).await?.data;
    Ok(roles.into_iter().map(|role| (role.id, role.name.to_string())).collect())
}

fn row(visit: &Visit, names: &HashMap<RoleId, String>, details: MemberDetails) -> Row {
    let known: Vec<_> = details.roles.iter().filter_map(|id| names.get(id).cloned()).collect();
    let roles = if !known.is_empty() {
        known.join(", ")
    } else if details.role == "owner" {
        "Organization Owner".into()
    } else {
        "Organization Member".into()
    };
    let member = details.member;
    Row {
        href: page_of(member.user.id),
        status: Badge::member(&member),
        second_factor: member.second_factor,
        added: When::new(member.added_at, visit.now),
        name: member.user.name.to_string(),
        email: member.user.email.to_string(),
        roles,
    }
}
